// Command peers measures secure memory in Go beside the bare mprotect pair in the same
// process, and prints the report that bench/table.ts reads.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
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
	quick := len(os.Args) > 1 && os.Args[1] == "--quick"
	rows, err := measureAll(quick)
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
	versions := map[string]string{"go": runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			versions[module.Path] = module.Version
		}
	}
	report := map[string]any{"rows": rows, "versions": versions}
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		os.Exit(1)
	}
}

func measureAll(quick bool) ([]row, error) {
	bare, err := newFloor()
	if err != nil {
		return nil, err
	}
	var subjects []subject
	for _, make := range []func() ([]subject, error){memguardSubjects, asherahSubjects} {
		made, err := make()
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, made...)
	}
	rows := []row{sample(subject{name: "floor", run: bare.run}, nil, quick)}
	for _, subject := range subjects {
		rows = append(rows, sample(subject, bare.run, quick))
	}
	memory, err := memoryRows()
	return append(rows, memory...), err
}
