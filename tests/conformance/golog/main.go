// Checks a log with Go's own transparency log packages, of which this project has no part.
//
//	golog URL VKEY [OLDER-CHECKPOINT-FILE]
//	golog case FOLDER VKEY
//
// An exported case: see evidence.go. A log: every entry against its hash, every entry's inclusion, and consistency with the older checkpoint and with every
// size on the way. Exits with 1 and says what does not hold.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// source fetches a log's files from an address, or from a folder.
type source struct{ prefix string }

func (s source) fetch(path string) ([]byte, error) {
	if !strings.Contains(s.prefix, "://") {
		return os.ReadFile(s.prefix + "/" + path)
	}
	answer, err := http.Get(s.prefix + "/" + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

// place is the path of a tile's number, and of its width when it is partial (c2sp.org/tlog-tiles).
func place(level string, n int64, width int) string {
	digits := strconv.FormatInt(n, 10)
	for len(digits)%3 != 0 {
		digits = "0" + digits
	}
	name := ""
	for i := 0; i < len(digits); i += 3 {
		if i+3 < len(digits) {
			name += "x" + digits[i:i+3] + "/"
		} else {
			name += digits[i:]
		}
	}
	path := "tile/" + level + "/" + name
	if width < 1<<height {
		path += ".p/" + strconv.Itoa(width)
	}
	return path
}

// whole reads a tile; where its partial form is gone, the full one begins with the same bytes.
func (s source) whole(level string, n int64, width int) ([]byte, error) {
	data, err := s.fetch(place(level, n, width))
	if err != nil && width < 1<<height {
		return s.fetch(place(level, n, 1<<height))
	}
	return data, err
}

func (s source) Height() int { return height }

func (s source) SaveTiles([]tlog.Tile, [][]byte) {}

func (s source) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for i, tile := range tiles {
		data, err := s.whole(strconv.Itoa(tile.L), tile.N, tile.W)
		if err != nil {
			return nil, err
		}
		if len(data) < tile.W*tlog.HashSize {
			return nil, fmt.Errorf("tile %v is too short", tile)
		}
		found[i] = data[:tile.W*tlog.HashSize]
	}
	return found, nil
}

func (s source) entries(n int64, width int) ([][]byte, error) {
	data, err := s.whole("entries", n, width)
	if err != nil {
		return nil, err
	}
	var found [][]byte
	for len(data) > 0 && len(found) < width {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("bundle %d ends in an entry", n)
		}
		length := int(binary.BigEndian.Uint16(data))
		found, data = append(found, data[2:2+length]), data[2+length:]
	}
	if len(found) != width {
		return nil, fmt.Errorf("bundle %d has %d entries, not %d", n, len(found), width)
	}
	return found, nil
}

func opened(data []byte, key string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return tlog.Tree{}, err
	}
	signed, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) < 3 || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("not a checkpoint of %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tlog.Tree{}, fmt.Errorf("bad root hash")
	}
	return tlog.Tree{N: size, Hash: tlog.Hash(root)}, nil
}

func run(prefix, key, older string) error {
	s := source{strings.TrimSuffix(prefix, "/")}
	data, err := s.fetch("checkpoint")
	if err != nil {
		return err
	}
	tree, err := opened(data, key)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	hashes := tlog.TileHashReader(tree, s)
	for first := int64(0); first < tree.N; first += 1 << height {
		width := int(min(tree.N-first, 1<<height))
		found, err := s.entries(first>>height, width)
		if err != nil {
			return err
		}
		for i, entry := range found {
			index := first + int64(i)
			proof, err := tlog.ProveRecord(tree.N, index, hashes)
			if err != nil {
				return fmt.Errorf("entry %d: %w", index, err)
			}
			if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
				return fmt.Errorf("entry %d: %w", index, err)
			}
		}
	}
	for size := int64(1); size <= tree.N; size = max(size+1, size*5/4) {
		root, err := tlog.TreeHash(size, hashes)
		if err != nil {
			return err
		}
		if err := consistent(tree, tlog.Tree{N: size, Hash: root}, hashes); err != nil {
			return err
		}
	}
	if older != "" {
		kept, err := os.ReadFile(older)
		if err != nil {
			return err
		}
		before, err := opened(kept, key)
		if err != nil {
			return fmt.Errorf("older checkpoint: %w", err)
		}
		if before.N > tree.N {
			return fmt.Errorf("the log has become shorter: %d of %d", tree.N, before.N)
		}
		if err := consistent(tree, before, hashes); err != nil {
			return err
		}
	}
	fmt.Printf("go: %d entries of %s hold\n", tree.N, prefix)
	return nil
}

func consistent(tree, before tlog.Tree, hashes tlog.HashReader) error {
	proof, err := tlog.ProveTree(tree.N, before.N, hashes)
	if err != nil {
		return fmt.Errorf("from %d to %d: %w", before.N, tree.N, err)
	}
	if err := tlog.CheckTree(proof, tree.N, tree.Hash, before.N, before.Hash); err != nil {
		return fmt.Errorf("from %d to %d: %w", before.N, tree.N, err)
	}
	return nil
}

func main() {
	if len(os.Args) == 4 && os.Args[1] == "case" {
		if err := evidence(os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, "go:", err)
			os.Exit(1)
		}
		return
	}
	older := ""
	if len(os.Args) == 4 {
		older = os.Args[3]
	} else if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: golog URL VKEY [OLDER-CHECKPOINT-FILE], or golog case FOLDER VKEY")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], older); err != nil {
		fmt.Fprintln(os.Stderr, "go:", err)
		os.Exit(1)
	}
}
