#include <filesystem>

#include <catch2/catch.hpp>

#include <millrace/client/error.hpp>
#include <millrace/client/git_provider.hpp>

#include "client/src/child_program.hpp"
#include "tests/client/surroundings.hpp"

using namespace millrace::client;
using Remotes = std::vector<std::vector<std::string>>;

namespace {

// A repository with one commit on the branch "develop".
class Repository {
 public:
  explicit Repository(std::filesystem::path folder) : folder_{std::move(folder)} {
    std::filesystem::create_directories(folder_);
    git({"init", "--quiet", "--initial-branch=develop"});
    git({"config", "user.name", "Test"});
    git({"config", "user.email", "test@example.com"});
  }

  std::string git(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"-C", folder_.string()});
    const auto output = millrace::test::Surroundings::run("git", arguments);
    return output.substr(0, output.find('\n'));
  }

  void commit() const {
    git({"add", "--all"});
    git({"commit", "--quiet", "--allow-empty", "--message=one"});
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace

TEST_CASE("branch and commit are those of the repository", "[client][git]") {
  const millrace::test::Surroundings here;
  const Repository repository{here.path("r")};
  const GitProvider git{here.path("r")};
  CHECK(git.repository() == std::filesystem::canonical(here.path("r")));
  CHECK(git.active_branch() == "develop");
  CHECK(git.latest_commit().empty());  // before the first commit
  repository.commit();
  CHECK(git.latest_commit() == repository.git({"rev-parse", "HEAD"}));
  CHECK(git.latest_commit().size() == 40);
  repository.git({"checkout", "--quiet", "-b", "feature/x"});
  CHECK(git.active_branch() == "feature/x");
  repository.git({"checkout", "--quiet", "--detach"});
  CHECK(git.active_branch().empty());
  CHECK(git.latest_commit().size() == 40);
}

TEST_CASE("a repository is dirty when tracked files have changed", "[client][git]") {
  const millrace::test::Surroundings here;
  const Repository repository{here.path("r")};
  here.write("r/a.txt", "1");
  repository.commit();
  const GitProvider git{here.path("r")};
  CHECK_FALSE(git.is_dirty());
  here.write("r/new.txt", "1");
  CHECK_FALSE(git.is_dirty());  // it is not tracked
  repository.git({"add", "new.txt"});
  CHECK(git.is_dirty());
  repository.commit();
  here.write("r/a.txt", "2");
  CHECK(git.is_dirty());
}

TEST_CASE("remotes are lists of name and address, or of one of them", "[client][git]") {
  const millrace::test::Surroundings here;
  const Repository repository{here.path("r")};
  const GitProvider git{here.path("r")};
  CHECK(git.remotes() == Remotes{});
  repository.git({"remote", "add", "origin", "https://git.example.com/a b.git"});
  repository.git({"remote", "add", "back.up", "/srv/x=y.git"});
  repository.git({"remote", "set-url", "--add", "origin", "https://second.example.com/"});
  CHECK(git.remotes() ==
        Remotes{{"origin", "https://git.example.com/a b.git"}, {"back.up", "/srv/x=y.git"}});
  CHECK(git.remotes(true, false) == Remotes{{"origin"}, {"back.up"}});
  CHECK(git.remotes(false, true) == Remotes{{"https://git.example.com/a b.git"}, {"/srv/x=y.git"}});
  CHECK_THROWS_AS(git.remotes(false, false), std::invalid_argument);
}

TEST_CASE("without a path the repository around the current folder is taken", "[client][git]") {
  const millrace::test::Surroundings here;
  const Repository outer{here.path("r")};
  here.enter("r/a/b");
  CHECK(GitProvider{}.repository() == std::filesystem::canonical(here.path("r")));
  // A path that is given is a repository itself.
  CHECK_THROWS_AS(GitProvider{here.path("r/a")}, GitError);
  CHECK_THROWS_AS(GitProvider{here.path("nowhere")}, GitError);
  here.enter("outside");
  CHECK_THROWS_AS(GitProvider{}, GitError);
}

TEST_CASE("variables of git do not lead it to another repository", "[client][git]") {
  millrace::test::Surroundings here;
  const Repository repository{here.path("r")}, other{here.path("other")};
  other.commit();
  here.set("GIT_DIR", here.path("other/.git").string());
  here.set("GIT_WORK_TREE", here.path("other").string());
  here.set("GIT_CEILING_DIRECTORIES", here.path("r").string());
  // They are there for whoever does not take them away.
  CHECK(here.run("git", {"-C", here.path("r").string(), "rev-parse", "--absolute-git-dir"})
            .find("/other/.git") != std::string::npos);
  here.enter("r/a");
  CHECK(GitProvider{}.repository() == std::filesystem::canonical(here.path("r")));
  CHECK(GitProvider{}.latest_commit().empty());
}

TEST_CASE("a bare repository has branch, commit and remotes", "[client][git]") {
  const millrace::test::Surroundings here;
  const Repository repository{here.path("r")};
  repository.commit();
  repository.git({"clone", "--quiet", "--bare", ".", here.path("bare").string()});
  const GitProvider git{here.path("bare")};
  CHECK(git.repository() == std::filesystem::canonical(here.path("bare")));
  CHECK(git.active_branch() == "develop");
  CHECK(git.latest_commit() == repository.git({"rev-parse", "HEAD"}));
  CHECK(git.remotes(true, false) == Remotes{{"origin"}});
}

TEST_CASE("a program gets its words without a shell, and no more time than it has",
          "[client][git]") {
  using namespace std::chrono_literals;
  const auto said = detail::run_program({"printf", "%s|", "$HOME", "a b", ";x"}, {}, 10s);
  CHECK(said.exit_code == 0);
  CHECK(said.output == "$HOME|a b|;x|");
  const auto failed =
      detail::run_program({"sh", "-c", "echo why $A >&2; exit 3"}, {"A=b", "PATH=/bin"}, 10s);
  CHECK(failed.exit_code == 3);
  CHECK(failed.errors == "why b\n");
  CHECK(detail::run_program({"sh", "-c", "kill -9 $$"}, {}, 10s).exit_code == 137);
  CHECK_THROWS_AS(detail::run_program({"millrace-no-such-program"}, {}, 10s), GitError);
  CHECK_THROWS_AS(detail::run_program({"sleep", "60"}, {}, 50ms), GitError);
  // Its streams are closed, and it still runs.
  CHECK_THROWS_AS(detail::run_program({"sh", "-c", "exec >&- 2>&-; sleep 60"}, {}, 50ms), GitError);
  CHECK_THROWS_AS(detail::run_program({"yes"}, {}, 10s), GitError);
}
