#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/run/spill.hpp"

namespace millrace {

/// What calls have emitted and nobody has taken: in memory up to a bound, and behind that in the
/// job's scratch. It is taken in parts whose borders depend on the bytes of the batches alone, so
/// they are the same in every run. [one thread at a time]
class Output {
 public:
  /// At a part of so many bytes, or one batch, what was emitted moves on before the next call.
  static constexpr std::size_t kPartBytes = std::size_t{16} << 20;
  /// What is kept in memory; the first batch is, whatever its size.
  static constexpr std::size_t kKeptBytes = std::size_t{48} << 20;

  struct Mark {
    std::size_t kept = 0, kept_bytes = 0, spilled = 0;
  };

  explicit Output(SpillFiles& files) : files_{&files} {}

  /// [in a call] What goes wrong is told by settle().
  void add(std::string_view port, Batch batch);
  /// Behind a call: says what went wrong while it emitted.
  Result<void> settle();

  [[nodiscard]] bool empty() const { return kept_.empty() && !spill_; }
  /// There is more than one part.
  [[nodiscard]] bool is_over() const { return spill_ != nullptr; }
  [[nodiscard]] bool is_full() const { return kept_bytes_ >= kPartBytes || is_over(); }
  [[nodiscard]] std::size_t kept_bytes() const { return kept_bytes_; }

  /// Takes the next part: appends it to `part`, and adds its bytes.
  Result<void> take_part(std::vector<Emitted>& part, std::size_t& bytes);

  [[nodiscard]] Mark mark() const;
  /// Drops what came after the mark; nothing was taken since.
  Result<void> roll_back(const Mark& mark);

 private:
  Result<void> spill(std::string_view port, const Batch& batch);

  SpillFiles* files_;
  std::vector<Emitted> kept_;
  std::size_t kept_bytes_ = 0;
  std::unique_ptr<SpillFile> spill_;  // behind kept_; null: nothing is there
  std::unique_ptr<Error> error_;
};

/// Gives back vectors that are used up, so that this thread's next ones need no memory of their
/// own.
void recycle(std::vector<Emitted>&& emitted);
void recycle(std::vector<Batch>&& batches);
/// Gives an empty vector what this thread has of those.
void take_room(std::vector<Batch>& batches);

}  // namespace millrace
