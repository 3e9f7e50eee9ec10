package main

import "github.com/awnumar/memguard"

// memguardSubjects are those of awnumar/memguard. Its buffers are readable at all times,
// so it has no window to compare; opening an Enclave is its nearest thing.
func memguardSubjects() ([]subject, error) {
	enclave := memguard.NewEnclaveRandom(length)
	source := make([]byte, length)
	return []subject{
		{"memguard create and close", func(rounds int) {
			for range rounds {
				memguard.NewBufferFromBytes(source).Destroy()
			}
		}},
		{"memguard create random and close", func(rounds int) {
			for range rounds {
				memguard.NewBufferRandom(length).Destroy()
			}
		}},
		{"memguard Enclave open and destroy", func(rounds int) {
			for range rounds {
				buffer, err := enclave.Open()
				if err != nil {
					panic(err)
				}
				sink = buffer.Bytes()[0]
				buffer.Destroy()
			}
		}},
	}, nil
}
