package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const proofHeader = "c2sp.org/tlog-proof@v1"

type logged struct {
	ID   string `json:"id"`
	Data struct {
		Document  string `json:"document"`
		Signature string `json:"signature"`
	} `json:"data"`
}

// prove checks a proof that travels by itself (c2sp.org/tlog-proof) of an entry in the log of a key.
func prove(proof, entry []byte, key string) ([]byte, error) {
	head, checkpoint, found := bytes.Cut(proof, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) < 2 || lines[0] != proofHeader {
		return nil, fmt.Errorf("not a proof")
	}
	lines = lines[1:]
	if strings.HasPrefix(lines[0], "extra ") && len(lines) > 1 {
		lines = lines[1:]
	}
	number, found := strings.CutPrefix(lines[0], "index ")
	index, err := strconv.ParseInt(number, 10, 64)
	if !found || err != nil {
		return nil, fmt.Errorf("no index")
	}
	var path tlog.RecordProof
	for _, line := range lines[1:] {
		hash, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(hash) != tlog.HashSize {
			return nil, fmt.Errorf("bad hash")
		}
		path = append(path, tlog.Hash(hash))
	}
	tree, err := opened(checkpoint, key)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	return checkpoint, tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func digest(parts ...[]byte) string {
	sum := sha256.Sum256(bytes.Join(parts, nil))
	return hex.EncodeToString(sum[:])
}

// event checks one event's folder and returns what it states; nothing where its body is not there.
func event(folder, key string, checkpoint []byte) (*logged, error) {
	read := func(name string) []byte { data, _ := os.ReadFile(filepath.Join(folder, name)); return data }
	entry, body, salt := read("leaf.json"), read("body.json"), read("salt.bin")
	proven, err := prove(read("event.tlog-proof"), entry, key)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(proven, checkpoint) {
		return nil, fmt.Errorf("another checkpoint")
	}
	var leaf struct{ Commit, ID string }
	if err := json.Unmarshal(entry, &leaf); err != nil || leaf.ID != filepath.Base(folder) {
		return nil, fmt.Errorf("not its leaf")
	}
	if body == nil && salt == nil {
		return nil, nil
	}
	if leaf.Commit != digest(salt, body) {
		return nil, fmt.Errorf("not the body that was logged")
	}
	var said logged
	if err := json.Unmarshal(body, &said); err != nil || said.ID != leaf.ID {
		return nil, fmt.Errorf("the body of another event")
	}
	return &said, nil
}

// evidence checks the log's part of an exported case, and that events state its documents and their signatures.
func evidence(folder, key string) error {
	checkpoint, err := os.ReadFile(filepath.Join(folder, "log", "checkpoint"))
	if err != nil {
		return err
	}
	if _, err := opened(checkpoint, key); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	events, _ := filepath.Glob(filepath.Join(folder, "log", "events", "*"))
	signed := map[string]string{}
	for _, path := range events {
		said, err := event(path, key, checkpoint)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
		if said != nil && said.Data.Document != "" {
			signed[said.Data.Document] = said.Data.Signature
		}
	}
	documents, _ := filepath.Glob(filepath.Join(folder, "*", "document.json"))
	for _, path := range documents {
		document, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		signature, err := os.ReadFile(filepath.Join(filepath.Dir(path), "signature.p7s"))
		if err != nil {
			return err
		}
		if signed[digest(document)] != digest(signature) {
			return fmt.Errorf("%s: no event states this document with this signature", path)
		}
		delete(signed, digest(document))
	}
	if len(documents) == 0 || len(signed) > 0 {
		return fmt.Errorf("%d documents, and %d more that events state", len(documents), len(signed))
	}
	fmt.Printf("go: %d events and %d documents of %s hold\n", len(events), len(documents), filepath.Base(folder))
	return nil
}
