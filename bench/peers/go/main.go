// Command peers measures secure memory in Go beside the bare mprotect pair in the same
// process, and prints the report that bench/table.ts reads.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"runtime"
	"runtime/debug"
	"slices"
)

// A row of the report: bench/report.ts says what its fields mean.
type row struct {
	Name    string             `json:"name"`
	Bytes   int                `json:"bytes"`
	Unit    string             `json:"unit"`
	P50     float64            `json:"p50"`
	P99     float64            `json:"p99"`
	Samples int                `json:"samples"`
	Rounds  int                `json:"rounds"`
	Ratios  map[string]float64 `json:"ratios"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	subjects, err := makeSubjects()
	if err != nil {
		return err
	}
	if slices.Contains(arguments, "--serve") {
		return serve(subjects, os.Stdin, os.Stdout)
	}
	memory, err := memoryRows()
	if err != nil {
		return err
	}
	rows := measure(subjects, slices.Contains(arguments, "--quick"))
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"version": versions(),
		"rows":    append(rows, memory...),
	})
}

// makeSubjects lists all that is measured; the floor comes first.
func makeSubjects() ([]subject, error) {
	var subjects []subject
	for _, make := range []func() ([]subject, error){
		floorSubjects, asherahSubjects, memguardSubjects,
	} {
		made, err := make()
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, made...)
	}
	return subjects, nil
}

func measure(subjects []subject, quick bool) []row {
	floor := subjects[0].run
	rows := []row{sample(subjects[0], nil, quick)}
	for _, subject := range subjects[1:] {
		rows = append(rows, sample(subject, floor, quick))
	}
	return rows
}

// versions is one line of all that was built in.
func versions() string {
	line := runtime.Version()
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			line += fmt.Sprintf(", %s %s", path.Base(module.Path), module.Version)
		}
	}
	return line
}
