package main

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// serve answers lines of "rounds name" with nanoseconds per round, so that another
// process can measure its own things and these in turn.
func serve(subjects []subject, requests io.Reader, answers io.Writer) error {
	byName := map[string]subject{}
	for _, subject := range subjects {
		byName[subject.name] = subject
	}
	for lines := bufio.NewScanner(requests); lines.Scan(); {
		number, name, _ := strings.Cut(lines.Text(), " ")
		rounds, err := strconv.Atoi(number)
		subject, found := byName[name]
		if err != nil || !found || rounds < 1 {
			return fmt.Errorf("there is nothing to measure by %q", lines.Text())
		}
		// This process has just been woken: let its caches fill, and Go's monitor calm down.
		subject.run(2 * rounds)
		if _, err := fmt.Fprintln(answers, timed(subject.run, rounds)); err != nil {
			return err
		}
	}
	return nil
}
