#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/store/store.hpp"
#include "tests/engine_base/temporary_folder.hpp"
#include "tests/engine_store/faulty_disk.hpp"

namespace millrace::test {

inline Uri address(std::string_view text) {
  auto uri = parse_uri(text);
  REQUIRE(uri.ok());
  return *std::move(uri);
}

inline std::string read_all(ObjectReader& reader) {
  std::string all, part(10'000, '\0');
  while (true) {
    const auto got = reader.read(part);
    REQUIRE(got.ok());
    if (*got == 0) return all;
    all.append(part, 0, *got);
  }
}

/// A store on a disk that can be told to fail, in a folder of its own.
struct StoreFixture {
  explicit StoreFixture(StoreSettings settings = {}) {
    settings.folder = folder.path() / "store";
    store = reopen(std::move(settings));
  }

  std::unique_ptr<Store> reopen(StoreSettings settings) {
    auto opened = Store::open(std::move(settings), [this](const auto& path, DiskOwner owner) {
      auto disk = open_disk(path, owner);
      if (!disk.ok()) return disk;
      return Result<std::unique_ptr<Disk>>{std::make_unique<FaultyDisk>(*std::move(disk), script)};
    });
    REQUIRE(opened.ok());
    return *std::move(opened);
  }

  std::string text_of(std::string_view uri) {
    auto reader = store->open(address(uri));
    return reader.ok() ? read_all(**reader) : reader.error().message;
  }

  /// Names every file below the store's folder, unfinished ones too, but for the locks of who puts
  /// and the notes of what is staged.
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    const auto root = folder.path() / "store";
    for (const auto& entry : std::filesystem::recursive_directory_iterator{root}) {
      if (entry.is_directory() || entry.path().extension() == ".lock") continue;
      if (auto name = entry.path().lexically_relative(root).string(); !name.starts_with(".stages/"))
        names.push_back(std::move(name));
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  /// Counts the notes of what is staged.
  std::size_t notes() const {
    const auto stages = folder.path() / "store/.stages";
    if (!std::filesystem::exists(stages)) return 0;
    const std::filesystem::directory_iterator all{stages};
    return static_cast<std::size_t>(std::count_if(begin(all), end(all), [](const auto& entry) {
      return entry.path().extension() == ".partial";
    }));
  }

  TemporaryFolder folder;
  DiskScript script;
  std::unique_ptr<Store> store;
};

}  // namespace millrace::test
