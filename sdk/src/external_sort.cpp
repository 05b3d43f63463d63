#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include <millrace/external_sort.hpp>

namespace millrace {

namespace {

using detail::BlockWriter;
using detail::Run;
using detail::RunReader;

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr std::size_t kSmallestPart = 4096;  // of memory, and of a block
constexpr std::size_t kBlockBytes = std::size_t{64} << 10;
constexpr std::uint64_t kStopEvery = 4096;  // items between two looks at stopping()

std::size_t block_bytes(const ExternalSort::Limits& limits) {
  return std::clamp(limits.memory_bytes / 64, kSmallestPart, kBlockBytes);
}

void check_stop(Context& context) {
  if (context.stopping()) throw Failure{MR_CANCELLED, "stopped while sorting"};
}

std::uint64_t first_eight(std::string_view key) {
  unsigned char bytes[8] = {};
  std::memcpy(bytes, key.data(), std::min(key.size(), sizeof bytes));
  std::uint64_t value = 0;
  for (const unsigned char byte : bytes) value = value << 8 | byte;
  return value;
}

// Takes a number off the front of a state.
std::uint64_t take_number(std::string_view& state) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(state.data(), state.data() + state.size(), value);
  const auto used = static_cast<std::size_t>(end - state.data());
  const bool is_whole = used == state.size() || state[used] == ' ';
  if (problem != std::errc{} || !is_whole)
    throw Failure{MR_DATA_INVALID, "sort: the checkpoint is not readable"};
  state.remove_prefix(std::min(used + 1, state.size()));
  return value;
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

}  // namespace

std::string scratch_uri(const Context& context, std::string_view name) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  constexpr std::size_t kMostOfNode = 140;  // of the 200 bytes of a name
  std::string uri = "work:///n-";
  const std::size_t begin = uri.size();
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a, for names too long to be kept whole
  for (const char c : context.node()) {
    const auto byte = static_cast<unsigned char>(c);
    hash = (hash ^ byte) * 0x100000001b3u;
    if (is_plain(c)) {
      uri += c;
    } else {  // '.' too, so that no two nodes share a name
      uri += '.';
      uri += kDigits[byte >> 4];
      uri += kDigits[byte & 15];
    }
  }
  if (uri.size() - begin > kMostOfNode) {
    uri.resize(begin + kMostOfNode);
    uri += '.';
    for (int shift = 60; shift >= 0; shift -= 4) uri += kDigits[(hash >> shift) & 15];
  }
  return uri.append("..").append(name);
}

/// Items that wait in memory. Their bytes lie in chunks, so that none is moved when there are more.
class ExternalSort::Memory {
 public:
  explicit Memory(std::size_t max_bytes)
      : max_bytes_{max_bytes},
        chunk_bytes_{std::clamp(max_bytes / 16, kSmallestPart, kChunkBytes)} {}

  [[nodiscard]] bool empty() const { return entries_.size() == next_; }
  [[nodiscard]] bool has_room(std::size_t bytes) const {
    return entries_.empty() || used_ + bytes + sizeof(Entry) <= max_bytes_;
  }
  void add(std::string_view key, std::string_view record) {
    const std::size_t bytes = key.size() + record.size();
    char* const place = room_for(bytes);
    if (!key.empty()) std::memcpy(place, key.data(), key.size());
    if (!record.empty()) std::memcpy(place + key.size(), record.data(), record.size());
    entries_.push_back({first_eight(key), place, static_cast<std::uint32_t>(entries_.size()),
                        static_cast<std::uint32_t>(key.size()),
                        static_cast<std::uint32_t>(record.size())});
    used_ += bytes + sizeof(Entry);
  }
  void sort() {
    std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
      if (a.prefix != b.prefix) return a.prefix < b.prefix;
      const int order = a.key().compare(b.key());
      return order != 0 ? order < 0 : a.order < b.order;
    });
  }
  /// The items from the first, after sort(); false when all were given.
  bool next(Item& item) {
    if (empty()) return false;
    const Entry& entry = entries_[next_++];
    item = {entry.key(), {entry.data + entry.key_bytes, entry.record_bytes}};
    return true;
  }
  [[nodiscard]] std::size_t place() const { return next_; }
  void go_to(std::size_t place) { next_ = place; }
  /// Keeps the memory for the items to come.
  void clear() {
    entries_.clear();
    large_.clear();
    next_ = used_ = chunk_ = filled_ = 0;
  }
  void release() { *this = Memory{max_bytes_}; }

 private:
  struct Entry {
    std::uint64_t prefix;  // of the key; decides most comparisons
    const char* data;      // the key, then the record
    std::uint32_t order, key_bytes, record_bytes;
    [[nodiscard]] std::string_view key() const { return {data, key_bytes}; }
  };

  char* room_for(std::size_t bytes) {
    if (bytes > chunk_bytes_ / 4) {
      large_.push_back(std::make_unique<char[]>(bytes));
      return large_.back().get();
    }
    if (chunks_.empty() || chunk_bytes_ - filled_ < bytes) {
      if (!chunks_.empty()) ++chunk_;
      if (chunk_ == chunks_.size()) {
        chunks_.push_back(
            std::unique_ptr<char[]>{new char[chunk_bytes_]});  // not filled with zeros
      }
      filled_ = 0;
    }
    char* const place = chunks_[chunk_].get() + filled_;
    filled_ += bytes;
    return place;
  }

  std::size_t max_bytes_, chunk_bytes_;
  std::vector<Entry> entries_;
  std::vector<std::unique_ptr<char[]>> chunks_, large_;
  std::size_t chunk_ = 0, filled_ = 0;  // the chunk that is being filled, and how far
  std::size_t used_ = 0, next_ = 0;
};

/// One file of runs.
class ExternalSort::Level {
 public:
  Level(Context& context, std::string uri) : uri_{std::move(uri)}, writer_{context.stage(uri_)} {}

  /// Drops what stands behind `size`: of a try that broke off, or of batches after the checkpoint.
  void cut(std::uint64_t size) {
    if (writer_.size() < size)
      throw Failure{MR_DATA_INVALID, "sort: scratch holds less than at the checkpoint: " + uri_};
    if (writer_.size() > size) writer_.truncate(size);
    size_ = size;
  }
  [[nodiscard]] BlockWriter begin_run(const Limits& limits) {
    cut(size_);
    return {block_bytes(limits), size_, [this](std::string_view bytes) { writer_.write(bytes); }};
  }
  Run end_run(BlockWriter& run) {
    const Run done = run.finish();
    size_ = done.end;
    return done;
  }
  [[nodiscard]] const std::string& uri() const { return uri_; }

 private:
  std::string uri_;
  Writer writer_;
  std::uint64_t size_ = 0;  // of whole runs
};

/// Several runs of one file as one. Equal keys come from the earlier run first.
class ExternalSort::Merge {
 public:
  Merge(Context& context, const std::string& uri, std::vector<Run> runs, std::size_t max_block)
      : file_{context.open(uri)} {
    cursors_.reserve(runs.size());
    for (const Run& run : runs) {
      cursors_.emplace_back(run, max_block, [this](std::uint64_t place, std::span<char> buffer) {
        file_.seek(place);
        return file_.read(buffer);
      });
    }
  }
  Merge(const Merge&) = delete;
  Merge& operator=(const Merge&) = delete;

  bool next(Context& context, Item& item) {
    file_.rebind(context.handle());
    if (!is_begun_) {
      is_begun_ = true;
      for (std::size_t i = 0; i < cursors_.size(); ++i) {
        if (cursors_[i].next()) heap_.push_back({first_eight(cursors_[i].item().key), i});
      }
      std::make_heap(heap_.begin(), heap_.end(), Behind{*this});
    } else if (!heap_.empty()) {
      const std::size_t cursor = heap_.front().cursor;
      if (cursors_[cursor].next()) {
        heap_.front().prefix = first_eight(cursors_[cursor].item().key);
        sink();
      } else {
        std::pop_heap(heap_.begin(), heap_.end(), Behind{*this});
        heap_.pop_back();
      }
    }
    if (heap_.empty()) return false;
    item = cursors_[heap_.front().cursor].item();
    return true;
  }

 private:
  struct Head {
    std::uint64_t prefix;
    std::size_t cursor;
  };
  [[nodiscard]] bool is_before(const Head& a, const Head& b) const {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const int order = cursors_[a.cursor].item().key.compare(cursors_[b.cursor].item().key);
    return order != 0 ? order < 0 : a.cursor < b.cursor;
  }
  struct Behind {
    const Merge& merge;
    bool operator()(const Head& a, const Head& b) const { return merge.is_before(b, a); }
  };
  // The first of the heap has become larger: puts it where it belongs.
  void sink() {
    const Head moved = heap_.front();
    std::size_t hole = 0;
    for (std::size_t child = 1; child < heap_.size(); child = 2 * hole + 1) {
      if (child + 1 < heap_.size() && is_before(heap_[child + 1], heap_[child])) ++child;
      if (!is_before(heap_[child], moved)) break;
      heap_[hole] = heap_[child];
      hole = child;
    }
    heap_[hole] = moved;
  }

  Reader file_;
  std::vector<RunReader> cursors_;
  std::vector<Head> heap_;
  bool is_begun_ = false;
};

ExternalSort::ExternalSort(std::string name) : ExternalSort{std::move(name), Limits{}} {}

ExternalSort::ExternalSort(std::string name, Limits limits)
    : name_{std::move(name)}, limits_{limits} {
  limits_.memory_bytes = std::max(limits_.memory_bytes, std::size_t{1});
  limits_.fan_in = std::max(limits_.fan_in, std::size_t{2});
  memory_ = std::make_unique<Memory>(limits_.memory_bytes);
}
ExternalSort::~ExternalSort() = default;
ExternalSort::ExternalSort(ExternalSort&&) noexcept = default;
ExternalSort& ExternalSort::operator=(ExternalSort&&) noexcept = default;

std::uint64_t ExternalSort::size() const { return size_; }

void ExternalSort::add(Context& context, std::string_view key, std::string_view record) {
  if (is_settled_) throw Failure{MR_INTERNAL, "sort: a record comes after the end"};
  if (key.size() > kMaxItemBytes || record.size() > kMaxItemBytes - key.size()) {
    throw Failure{MR_EXHAUSTED, "sort: one record has more than " + std::to_string(kMaxItemBytes) +
                                    " bytes: " + std::to_string(key.size() + record.size())};
  }
  // Before the record is taken: when the disk fails, it has not been added.
  if (!memory_->has_room(key.size() + record.size())) spill(context);
  memory_->add(key, record);
  ++size_;
}

ExternalSort::Level& ExternalSort::level(Context& context, std::size_t number) {
  while (levels_.size() <= number) {
    auto made = std::make_unique<Level>(
        context, scratch_uri(context, name_ + '-' + std::to_string(levels_.size())));
    made->cut(0);  // of an attempt that left no checkpoint, or was never named by one
    levels_.push_back(std::move(made));
  }
  return *levels_[number];
}

void ExternalSort::write_run(Context& context) {
  memory_->sort();
  memory_->go_to(0);
  Level& file = level(context, 0);
  BlockWriter run = file.begin_run(limits_);
  for (Item item; memory_->next(item);) run.add(item);
  spilled_.push_back(file.end_run(run));
}

void ExternalSort::spill(Context& context) {
  write_run(context);
  memory_->clear();
}

void ExternalSort::merge_level(Context& context) {
  const std::size_t max_block = kMaxItemBytes + kBlockBytes;
  const std::string from = level(context, last_level_).uri();
  Level& to = level(context, last_level_ + 1);
  to.cut(0);
  std::vector<Run> merged;
  for (std::size_t first = 0; first < runs_.size(); first += limits_.fan_in) {
    const auto last = std::min(first + limits_.fan_in, runs_.size());
    const auto at = [&](std::size_t i) { return runs_.begin() + static_cast<std::ptrdiff_t>(i); };
    Merge merge{context, from, {at(first), at(last)}, max_block};
    BlockWriter run = to.begin_run(limits_);
    std::uint64_t done = 0;
    for (Item item; merge.next(context, item);) {
      run.add(item);
      if (++done % kStopEvery == 0) check_stop(context);
    }
    merged.push_back(to.end_run(run));
  }
  // A checkpoint may name what was spilled; what was merged before, nobody but us.
  if (last_level_ > 0) level(context, last_level_).cut(0);
  runs_ = std::move(merged);
  ++last_level_;
}

void ExternalSort::settle(Context& context) {
  if (spilled_.empty()) {
    memory_->sort();
    memory_->go_to(0);
  } else {
    if (!memory_->empty()) spill(context);
    memory_->release();
    if (last_level_ == 0) runs_ = spilled_;
    while (runs_.size() > limits_.fan_in) merge_level(context);
    merge_ = std::make_unique<Merge>(context, level(context, last_level_).uri(), runs_,
                                     kMaxItemBytes + kBlockBytes);
  }
  is_settled_ = true;
}

bool ExternalSort::next(Context& context, Item& item) {
  if (!is_settled_) settle(context);
  if (!merge_) {
    for (; skipped_ < given_; ++skipped_) memory_->next(item);
    if (!memory_->next(item)) return false;
  } else {
    try {
      for (; skipped_ < given_; ++skipped_) {  // were given before the checkpoint
        if (skipped_ % kStopEvery == 0) check_stop(context);
        merge_->next(context, item);
      }
      if (!merge_->next(context, item)) return false;
    } catch (...) {  // who asks again gets what comes next, not what comes behind it
      merge_.reset();
      is_settled_ = false;
      skipped_ = 0;
      throw;
    }
  }
  ++given_;
  ++skipped_;
  return true;
}

std::string ExternalSort::snapshot(Context& context) {
  if (!is_settled_ && !memory_->empty()) spill(context);
  if (is_settled_ && spilled_.empty() && size_ > 0) {  // all is given out of memory
    const auto place = memory_->place();
    write_run(context);
    memory_->go_to(place);
  }
  std::string state = "1 " + std::to_string(size_) + ' ' + std::to_string(given_) + ' ' +
                      std::to_string(spilled_.size());
  for (const Run& run : spilled_) {
    state.append(" ").append(std::to_string(run.begin));
    state.append(" ").append(std::to_string(run.end));
    state.append(" ").append(std::to_string(run.items));
  }
  return state;
}

void ExternalSort::restore(Context& context, std::string_view state) {
  const auto wrong = [] {
    return Failure{MR_DATA_INVALID, "sort: the checkpoint is not readable"};
  };
  if (take_number(state) != 1) throw wrong();
  const auto size = take_number(state);
  const auto given = take_number(state);
  const auto count = take_number(state);
  std::vector<Run> runs;
  std::uint64_t end = 0, items = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    Run run;
    run.begin = take_number(state);
    run.end = take_number(state);
    run.items = take_number(state);
    if (run.begin != end || run.end < run.begin) throw wrong();
    end = run.end;
    items += run.items;
    runs.push_back(run);
  }
  if (!state.empty() || items != size || given > size) throw wrong();
  if (end > 0) {
    levels_.clear();
    levels_.push_back(std::make_unique<Level>(context, scratch_uri(context, name_ + "-0")));
    levels_.front()->cut(end);
  }
  spilled_ = std::move(runs);
  size_ = size;
  given_ = given;
}

}  // namespace millrace
