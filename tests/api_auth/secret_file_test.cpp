#include "api/auth/secret_file.hpp"

#include <fstream>
#include <set>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/fixtures/temporary_folder.hpp"

#include <sys/stat.h>

using namespace millrace;
using namespace millrace::test;

namespace {

void write(const std::filesystem::path& file, std::string_view text, int mode = 0600) {
  std::filesystem::remove(file);
  std::ofstream{file, std::ios::binary} << text;
  std::filesystem::permissions(file, std::filesystem::perms{static_cast<unsigned>(mode)});
}

std::string code_of(const Result<std::string>& opened) {
  return opened.ok() ? "ok" : std::string{to_string(opened.error().code)};
}

}  // namespace

TEST_CASE("a secret is made at the first start, for its owner alone, and kept",
          "[api][auth][secret]") {
  const TemporaryFolder folder;
  const auto file = folder / "secret";
  const auto first = auth::open_secret_file(file);
  REQUIRE(first.ok());
  CHECK(first->size() == 64);
  CHECK(first->find_first_not_of("0123456789abcdef") == std::string::npos);
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  CHECK(status.st_nlink == 1);
  CHECK(auth::open_secret_file(file).value_or("") == *first);
  const TemporaryFolder other;
  CHECK(auth::open_secret_file(other / "secret").value_or("") != *first);
  // Nothing is left beside it.
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator{folder.path()})
    names.insert(entry.path().filename().string());
  CHECK(names == std::set<std::string>{"secret"});
}

TEST_CASE("servers that start at once have the same secret", "[api][auth][secret]") {
  for (int round = 0; round < 20; ++round) {
    const TemporaryFolder folder;
    std::vector<std::string> secrets(8);
    {
      std::vector<std::jthread> starts;
      for (auto& secret : secrets)
        starts.emplace_back(
            [&] { secret = auth::open_secret_file(folder / "s").value_or("none"); });
    }
    CHECK(std::set<std::string>(secrets.begin(), secrets.end()).size() == 1);
    CHECK(secrets.front().size() == 64);
  }
}

TEST_CASE("a secret of one's own is taken as it is, without its line end", "[api][auth][secret]") {
  const TemporaryFolder folder;
  const auto file = folder / "secret";
  for (const auto* text : {"a secret", "a secret\n", "a secret\r\n", "a secret\n\n"}) {
    write(file, text);
    CHECK(auth::open_secret_file(file).value_or("") == "a secret");
  }
  write(file, "only its owner reads it", 0400);
  CHECK(auth::open_secret_file(file).ok());
  write(file, std::string(4096, 's'));
  CHECK(auth::open_secret_file(file).ok());
}

TEST_CASE("a secret that others may read is refused with the command that helps",
          "[api][auth][secret]") {
  const TemporaryFolder folder;
  const auto file = folder / "secret";
  for (const int mode : {0640, 0604, 0620, 0602, 0601, 0610, 0644, 0666, 0777}) {
    write(file, "a secret", mode);
    const auto opened = auth::open_secret_file(file);
    INFO(std::oct << mode);
    REQUIRE(code_of(opened) == "permission_denied");
    CHECK(opened.error().message.find("chmod 600 " + file.string()) != std::string::npos);
    // What it says helps.
    std::filesystem::permissions(file, std::filesystem::perms{0600});
    CHECK(code_of(auth::open_secret_file(file)) == "ok");
  }
}

TEST_CASE("what is no secret file is refused and left as it is", "[api][auth][secret]") {
  const TemporaryFolder folder;
  const auto file = folder / "secret";
  for (const auto& text : {std::string{}, std::string{"\n"}, std::string(4097, 's')}) {
    write(file, text);
    CHECK(code_of(auth::open_secret_file(file)) == "data_invalid");
    CHECK(std::filesystem::file_size(file) == text.size());
  }
  std::filesystem::remove(file);

  const auto elsewhere = folder / "elsewhere";
  write(elsewhere, "a secret");
  std::filesystem::create_symlink(elsewhere, file);
  CHECK(code_of(auth::open_secret_file(file)) == "permission_denied");
  std::filesystem::remove(file);
  std::filesystem::create_symlink(folder / "nothing", file);
  CHECK(code_of(auth::open_secret_file(file)) == "permission_denied");
  CHECK_FALSE(std::filesystem::exists(folder / "nothing"));
  std::filesystem::remove(file);

  REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
  CHECK(code_of(auth::open_secret_file(file)) == "data_invalid");
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);
  CHECK_FALSE(auth::open_secret_file(file).ok());
  CHECK(code_of(auth::open_secret_file(folder / "missing/secret")) == "not_found");
}
