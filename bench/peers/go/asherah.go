package main

import (
	"sync"

	"github.com/godaddy/asherah/go/securememory/protectedmemory"
)

func touch(bytes []byte) error {
	sink = bytes[0]
	return nil
}

// asherahSubjects measures GoDaddy's Asherah, package protectedmemory.
func asherahSubjects() ([]subject, error) {
	factory := new(protectedmemory.SecretFactory)
	secret, err := factory.New(make([]byte, length))
	if err != nil {
		return nil, err
	}
	loop := func(rounds int) {
		for range rounds {
			if err := secret.WithBytes(touch); err != nil {
				panic(err)
			}
		}
	}
	source := make([]byte, length)
	return []subject{
		{"Asherah cold window", loop},
		{"Asherah nested window", func(rounds int) {
			err := secret.WithBytes(func([]byte) error {
				loop(rounds)
				return nil
			})
			if err != nil {
				panic(err)
			}
		}},
		{"Asherah window, 4 goroutines", func(rounds int) { inParallel(4, rounds, loop) }},
		{"Asherah create and close", func(rounds int) {
			for range rounds {
				made, err := factory.New(source)
				if err == nil {
					err = made.Close()
				}
				if err != nil {
					panic(err)
				}
			}
		}},
	}, nil
}

// inParallel shares the rounds out between so many goroutines.
func inParallel(goroutines, rounds int, loop func(rounds int)) {
	var all sync.WaitGroup
	for index := range goroutines {
		share := (rounds + index) / goroutines
		all.Go(func() { loop(share) })
	}
	all.Wait()
}
