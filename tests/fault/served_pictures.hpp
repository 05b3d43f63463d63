#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "engine/base/json.hpp"
#include "tests/fixtures/server_process.hpp"

namespace millrace::test {

/// What the tests of this folder do with a server from outside: small pictures in its store, jobs
/// that turn them, and questions over HTTP.

struct Answer {
  int status = 0;
  Json body;
};

/// Asks with the bearer token of the data folder and waits for a minute at the most. Nothing when
/// the server could not be asked.
std::optional<Answer> ask(const ServerProcess& server, const std::filesystem::path& data,
                          const std::string& method, const std::string& target,
                          const std::string& body = {});

/// Writes `count` pictures and qiniu:///z0/in/list.jsonlist, which names them, into a store.
void write_pictures(const std::filesystem::path& store, int count);

/// A submission of job `number`: the pictures of that list, turned `copies` times each, to
/// qiniu:///z0/out/<number>.jsonlist and below /<number>. Its idempotency key is job-<number>.
Json turn_pictures(int number, int copies = 1);

/// Returns a hash of all that job `number` published, the same for all jobs with equal copies.
std::string output_hash(const std::filesystem::path& store, int number);

/// Reads a whole file; empty when there is none.
std::string read_file(const std::filesystem::path& file);

}  // namespace millrace::test
