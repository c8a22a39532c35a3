//go:build !board

package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ErrChecksum is the error of data that are not those of the data set to fetch.
var ErrChecksum = errors.New("wrong checksum")

// mnistMirrors are public copies of MNIST.
var mnistMirrors = []string{
	"https://storage.googleapis.com/cvdf-datasets/mnist/",
	"https://ossci-datasets.s3.amazonaws.com/mnist/",
}

// choralesMirrors are public copies of ChoralesFile.
var choralesMirrors = []string{
	"https://raw.githubusercontent.com/czhuang/JSB-Chorales-dataset/9a7f733ddb4ed91f48da64ac7f0f621c34aadd4d/",
	"https://cdn.jsdelivr.net/gh/czhuang/JSB-Chorales-dataset@9a7f733ddb4ed91f48da64ac7f0f621c34aadd4d/",
}

// FetchOptions changes how FetchMNIST and FetchChorales work; the zero value is good.
type FetchOptions struct {
	// Mirrors are base URLs, asked in order; nil stands for two public ones.
	Mirrors []string
	// Client makes the requests; nil stands for http.DefaultClient.
	Client *http.Client
	// Stall is how long a mirror may send nothing; 0 stands for 30 s.
	Stall time.Duration
	// Progress, if set, is called as data arrive, with the bytes of a file so
	// far and in all, −1 if the mirror does not say.
	Progress func(file string, done, total int64)
}

// publicFile is a file of a data set, known by its unpacked content.
type publicFile struct {
	name   string
	size   int64
	sha256 string
}

var mnistFiles = []publicFile{
	{TrainPart.imagesFile(), 47040016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
	{TrainPart.labelsFile(), 60008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
	{TestPart.imagesFile(), 7840016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
	{TestPart.labelsFile(), 10008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
}

// FetchMNIST downloads the four files of MNIST into dir, which it makes if
// need be. Each is verified by the SHA-256 of its unpacked content before it
// gets its name; files that are there already and pass are not fetched again,
// and one that fails is left alone and is an ErrChecksum, because other data
// sets use the same names.
//
// A download that was cut off stays as a .part file and is resumed by the next
// call if the mirror can; a .part file that turns out wrong is thrown away and
// fetched anew once. If a mirror fails, the next one is asked.
func FetchMNIST(ctx context.Context, dir string, opts FetchOptions) error {
	return fetch(ctx, dir, mnistFiles, mnistMirrors, opts)
}

// choralesFiles are those of the JSB chorales in quarter notes.
var choralesFiles = []publicFile{
	{ChoralesFile, 407200, "2db9329f1881a1d3f49703ec556bf1d6f84b4f6c1d702c156536e93cf31e1c91"},
}

// FetchChorales downloads the JSB chorales in steps of a quarter note into dir, as
// FetchMNIST does: what LoadChorales reads.
func FetchChorales(ctx context.Context, dir string, opts FetchOptions) error {
	return fetch(ctx, dir, choralesFiles, choralesMirrors, opts)
}

func fetch(ctx context.Context, dir string, files []publicFile, mirrors []string, opts FetchOptions) error {
	if opts.Mirrors == nil {
		opts.Mirrors = mirrors
	}
	if opts.Client == nil {
		opts.Client = http.DefaultClient
	}
	if opts.Stall <= 0 {
		opts.Stall = 30 * time.Second
	}
	if opts.Progress == nil {
		opts.Progress = func(string, int64, int64) {}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	for _, f := range files {
		if path := findFile(dir, f.name); path != "" {
			if err := f.verify(path); err != nil {
				return fmt.Errorf("dataset: %w: move the file away to fetch the right one", err)
			}
			continue
		}
		if err := f.fetch(ctx, dir, &opts); err != nil {
			return fmt.Errorf("dataset: %w", err)
		}
	}
	return nil
}

// fetch downloads f from the first mirror that has it.
func (f *publicFile) fetch(ctx context.Context, dir string, opts *FetchOptions) error {
	path := filepath.Join(dir, f.remote())
	part := path + ".part"
	var failures []error
	for _, mirror := range opts.Mirrors {
		url := strings.TrimSuffix(mirror, "/") + "/" + f.remote()
		resumed, err := f.try(ctx, url, part, opts)
		if resumed && errors.Is(err, ErrChecksum) {
			_, err = f.try(ctx, url, part, opts)
		}
		if err == nil {
			return os.Rename(part, path)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s: %w", url, context.Cause(ctx))
		}
		failures = append(failures, fmt.Errorf("%s: %w", url, err))
	}
	if failures == nil {
		return fmt.Errorf("%s: no mirror to fetch it from", f.name)
	}
	return errors.Join(failures...)
}

// try completes a .part file from one URL and verifies it, and removes it if
// it is wrong or empty. It reports whether it built on data that were there before.
func (f *publicFile) try(ctx context.Context, url, part string, opts *FetchOptions) (resumed bool, err error) {
	out, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return false, err
	}
	resumed, err = f.download(ctx, url, out, opts)
	if err == nil {
		err = out.Sync()
	}
	if closeErr := out.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = f.verify(part)
	}
	if info, statErr := os.Stat(part); errors.Is(err, ErrChecksum) || statErr == nil && info.Size() == 0 {
		err = errors.Join(err, os.Remove(part))
	}
	return resumed, err
}

// remote is the file's name at mirrors, which have it gzipped, but for JSON.
func (f *publicFile) remote() string {
	if strings.HasSuffix(f.name, ".json") {
		return f.name
	}
	return f.name + ".gz"
}

// maxPacked is the size of a gzip file that a mirror may send: gzip makes
// nothing noticeably longer.
func (f *publicFile) maxPacked() int64 { return f.size + f.size/64 + 1024 }

var errStalled = errors.New("the mirror stopped sending")

// download requests url from where out ends and appends the answer.
func (f *publicFile) download(ctx context.Context, url string, out *os.File, opts *FetchOptions) (resumed bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(opts.Stall, func() { cancel(errStalled) })
	defer watchdog.Stop()
	defer func() {
		if err != nil && context.Cause(ctx) == errStalled {
			err = fmt.Errorf("%w for %v", errStalled, opts.Stall)
		}
	}()

	done, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return false, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false, err
	}
	req.Header.Set("Accept-Encoding", "identity") // the file is gzip, its transfer is not
	if done > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", done))
	}
	resp, err := opts.Client.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusPartialContent && strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", done)):
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && done > 0:
		return true, nil // nothing is left to fetch: the checksum decides
	case resp.StatusCode == http.StatusOK:
		done = 0
		if _, err := out.Seek(0, io.SeekStart); err != nil {
			return false, err
		}
		if err := out.Truncate(0); err != nil {
			return false, err
		}
	default:
		return false, fmt.Errorf("status %s, expected 200 OK", resp.Status)
	}
	resumed = done > 0
	total := int64(-1)
	if resp.ContentLength >= 0 {
		total = done + resp.ContentLength
	}
	buf := make([]byte, 64<<10)
	for {
		n, readErr := resp.Body.Read(buf)
		watchdog.Reset(opts.Stall)
		if done += int64(n); done > f.maxPacked() {
			return resumed, fmt.Errorf("%w: more than %d bytes", ErrChecksum, f.maxPacked())
		}
		if _, err := out.Write(buf[:n]); err != nil {
			return resumed, err
		}
		opts.Progress(f.remote(), done, total)
		if readErr == io.EOF {
			return resumed, nil
		}
		if readErr != nil {
			return resumed, readErr
		}
	}
}

// verify returns an ErrChecksum unless the unpacked content of a file is f's.
func (f *publicFile) verify(path string) error {
	return readFile(path, func(r io.Reader, _ int64) error {
		h := sha256.New()
		content, _, err := unpack(r)
		if err == nil {
			_, err = io.Copy(h, io.LimitReader(content, f.size+1))
		}
		if err != nil {
			return fmt.Errorf("%s: %w: %w", path, ErrChecksum, err)
		}
		if sum := hex.EncodeToString(h.Sum(nil)); sum != f.sha256 {
			return fmt.Errorf("%s: %w: SHA-256 of the unpacked data is %s, expected %s", path, ErrChecksum, sum, f.sha256)
		}
		return nil
	})
}
