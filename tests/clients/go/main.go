// Ask a Models API through Anthropic's Go client, and report what the client made of the answers.
//
// `drivers anthropic`, `drivers list` and `drivers fake` read a job (JSON) on stdin and print a report (JSON) on
// stdout. `drivers walks URL KEY` reads a query a line and prints its pages a line.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/option"
)

// object is a JSON object.
type object = map[string]any

func main() {
	switch mode := os.Args[1]; mode {
	case "anthropic":
		report(driveAnthropic(read[anthropicJob]()))
	case "list":
		report(listEach(read[listJob]()))
	case "fake":
		report(driveFake(read[fakeJob]()))
	case "walks":
		walkEach(os.Args[2], os.Args[3])
	default:
		fail(fmt.Errorf("no driver is called %q", mode))
	}
}

// open returns a client; one without retries shows every failure.
func open(url, key string, options ...option.RequestOption) anthropic.Client {
	given := []option.RequestOption{option.WithBaseURL(url), option.WithAPIKey(key)}
	return anthropic.NewClient(append(given, options...)...)
}

func read[T any]() (job T) {
	must(json.NewDecoder(os.Stdin).Decode(&job))
	return job
}

func report(value any) {
	must(json.NewEncoder(os.Stdout).Encode(value))
}

// have returns the value of a call that may not fail.
func have[T any](value T, err error) T {
	must(err)
	return value
}

func must(err error) {
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
