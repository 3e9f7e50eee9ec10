package main

import (
	"slices"
	"time"
)

const (
	length   = 32
	sampleNs = 200_000
)

// A subject runs its operation so many times.
type subject struct {
	name string
	run  func(rounds int)
}

// sample measures a subject, and the floor before and after it in every sample; as
// bench/sample.ts does it.
func sample(of subject, floor func(rounds int), quick bool) row {
	budget := time.Second
	if quick {
		budget = 100 * time.Millisecond
	}
	rounds := calibrate(of.run)
	half := (rounds + 1) / 2
	var times, ratios []float64
	for start := time.Now(); len(times) < 12 || time.Since(start) < budget; {
		var beside float64
		if floor != nil {
			beside = timed(floor, half)
		}
		took := timed(of.run, rounds)
		if floor != nil {
			beside = (beside + timed(floor, half)) / 2
			ratios = append(ratios, took/beside)
		}
		times = append(times, took)
	}
	made := row{
		Name: of.name, Bytes: length, Unit: "ns", Samples: len(times), Rounds: rounds,
		P50: quantile(times, 0.5), P99: quantile(times, 0.99), Ratios: map[string]float64{},
	}
	if floor != nil {
		made.Ratios["floor"] = quantile(ratios, 0.5)
	}
	return made
}

func calibrate(run func(rounds int)) int {
	run(16)
	rounds := 16
	for ; timed(run, rounds)*float64(rounds) < sampleNs && rounds < 1<<14; rounds *= 2 {
	}
	return rounds
}

// timed returns nanoseconds per round.
func timed(run func(rounds int), rounds int) float64 {
	start := time.Now()
	run(rounds)
	return float64(time.Since(start).Nanoseconds()) / float64(rounds)
}

func quantile(values []float64, part float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(part*float64(len(sorted)-1))]
}
