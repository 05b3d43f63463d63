#include "plugins/preprocess/vote_window.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <tuple>
#include <unordered_set>
#include <xxhash.h>

#include "plugins/preprocess/key_bytes.hpp"
#include "plugins/preprocess/state_words.hpp"

namespace millrace::preprocess {
namespace {

constexpr std::size_t kIndexBytes = 48;             // of an entry in the index, about
constexpr std::uint64_t kVotesBetweenStops = 4096;  // entries between two looks at stopping()
constexpr std::size_t kFewBuckets = 1024;           // that are cleared faster than made anew

// Numbers of a record on the disk, which this program alone reads.
void append_fixed(std::string& out, std::int64_t number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  out.append(bytes, sizeof bytes);
}

std::int64_t take_fixed(std::string_view& bytes) {
  std::int64_t number = 0;
  if (bytes.size() < sizeof number)
    throw Failure{MR_DATA_INVALID, "a vote on the disk is not readable"};
  std::memcpy(&number, bytes.data(), sizeof number);
  bytes.remove_prefix(sizeof number);
  return number;
}

// Of an entry's table and author.
template <class Entry>
std::uint64_t author_hash(const Entry& entry, std::uint64_t secret) {
  const auto table = XXH3_64bits_withSeed(entry.table.data(), entry.table.size(), secret);
  return XXH3_64bits_withSeed(entry.author.data(), entry.author.size(), table);
}

}  // namespace

struct VoteWindow::Index {
  struct Hash {
    using is_transparent = void;
    const std::vector<Entry>& entries;
    std::uint64_t secret;  // whoever writes posts cannot make authors meet
    template <class Row>
    [[nodiscard]] std::size_t of(const Row& row) const {
      std::uint64_t hash = secret;  // each text is hashed with what those before it came to
      for (const std::string_view text :
           {std::string_view{row.author}, std::string_view{row.panel}, std::string_view{row.table}})
        hash = XXH3_64bits_withSeed(text.data(), text.size(), hash);
      return hash;
    }
    std::size_t operator()(std::uint32_t entry) const { return of(entries[entry]); }
    std::size_t operator()(const Vote& vote) const { return of(vote); }
  };
  struct Equal {
    using is_transparent = void;
    const std::vector<Entry>& entries;
    bool operator()(std::uint32_t one, std::uint32_t other) const { return one == other; }
    bool operator()(const Vote& vote, std::uint32_t entry) const {
      const Entry& known = entries[entry];
      return vote.author == known.author && vote.panel == known.panel && vote.table == known.table;
    }
    bool operator()(std::uint32_t entry, const Vote& vote) const { return (*this)(vote, entry); }
  };
  Index(const std::vector<Entry>& entries, std::uint64_t secret)
      : set{16, Hash{entries, secret}, Equal{entries}} {}
  std::unordered_set<std::uint32_t, Hash, Equal> set;
};

VoteWindow::VoteWindow(VoteRules rules, const std::vector<std::string>& tables,
                       std::size_t memory_bytes, std::uint64_t secret)
    : rules_{std::move(rules)},
      memory_bytes_{memory_bytes},
      secret_{secret},
      index_{std::make_unique<Index>(entries_, secret)} {
  for (const auto& table : tables) ranks_.emplace(table, ranks_.size());
}

VoteWindow::~VoteWindow() = default;

std::uint64_t VoteWindow::rank_of(std::string_view table) const {
  const auto found = ranks_.find(table);
  return found == ranks_.end() ? ranks_.size() : found->second;
}

std::string* VoteWindow::count(Context& context, const Vote& vote) {
  if (is_giving_) throw Failure{MR_INTERNAL, "a vote comes before the last window is given"};
  // Half is for the sorts, if there are any. Before the vote is taken: when the disk fails, it has
  // not been.
  if (bytes_ > memory_bytes_ / 2) spill(context);
  const auto found = index_->set.find(vote);
  if (found == index_->set.end()) {
    add_entry({std::string{vote.table},
               std::string{vote.author},
               std::string{vote.panel},
               1,
               vote.time,
               std::string{vote.id},
               {},
               0});
    return &entries_.back().row;
  }
  Entry& entry = entries_[*found];
  ++entry.votes;
  if (!entry.is_survived_by(vote.time, vote.id)) return nullptr;
  entry.time = vote.time;
  const auto before = entry.id.capacity();
  entry.id.assign(vote.id);
  bytes_ += entry.id.capacity() - before;
  return &entry.row;
}

void VoteWindow::add_entry(Entry entry) {
  entry.rank = rank_of(entry.table);
  bytes_ += sizeof(Entry) + kIndexBytes + entry.table.capacity() + entry.author.capacity() +
            entry.panel.capacity() + entry.id.capacity() + entry.row.capacity();
  entries_.push_back(std::move(entry));
  index_->set.insert(static_cast<std::uint32_t>(entries_.size() - 1));
}

void VoteWindow::spill(Context& context) {
  if (!spilled_) {
    spilled_ = std::make_unique<ExternalSort>(
        "votes", ExternalSort::Limits{.memory_bytes = memory_bytes_ / 4});
  }
  std::string key, record;
  for (const Entry& entry : entries_) {
    key.clear();
    for (const std::string_view text : {entry.table, entry.author, entry.panel}) {
      append_key(key, text);
    }
    record.clear();
    append_fixed(record, entry.votes);
    append_fixed(record, entry.time);
    append_fixed(record, static_cast<std::int64_t>(entry.id.size()));
    record.append(entry.id).append(entry.row);
    spilled_->add(context, key, record);
  }
  clear();
}

void VoteWindow::clear() {
  entries_.clear();
  order_.clear();
  given_ = bytes_ = 0;
  if (index_->set.bucket_count() > kFewBuckets) {
    index_ = std::make_unique<Index>(entries_, secret_);
  } else {
    index_->set.clear();
  }
}

template <class EntryAt, class Keep>
void VoteWindow::resolve(std::size_t entries, EntryAt entry_at, Keep keep) {
  if (entries == 1) return keep(0);
  std::vector<PanelVotes> panels;
  for (std::size_t i = 0; i < entries; ++i)
    panels.push_back({entry_at(i).panel, entry_at(i).votes});
  const auto kept = rules_.kept(panels);
  for (std::size_t i = 0; i < entries; ++i) {
    if (kept[i]) {
      keep(i);
    } else {
      ++contradicted_;
    }
  }
}

void VoteWindow::settle_in_memory() {
  // Those of one author together, by panel. In which order authors come counts for nothing, and
  // hashes are compared faster than texts.
  struct Place {
    std::uint64_t author;
    std::uint32_t entry;
  };
  std::vector<Place> places;
  places.reserve(entries_.size());
  for (std::uint32_t i = 0; i < entries_.size(); ++i)
    places.push_back({author_hash(entries_[i], secret_), i});
  std::sort(places.begin(), places.end(), [this](const Place& one, const Place& other) {
    if (one.author != other.author) return one.author < other.author;
    const Entry &a = entries_[one.entry], &b = entries_[other.entry];
    return std::tie(a.table, a.author, a.panel) < std::tie(b.table, b.author, b.panel);
  });
  const auto entry_at = [&](std::size_t place) -> const Entry& {
    return entries_[places[place].entry];
  };
  const auto is_same_author = [&](std::size_t one, std::size_t other) {
    const Entry &a = entry_at(one), &b = entry_at(other);
    return places[one].author == places[other].author && a.table == b.table && a.author == b.author;
  };
  for (std::size_t first = 0, behind = 0; first < places.size(); first = behind) {
    while (behind < places.size() && is_same_author(first, behind)) ++behind;
    resolve(
        behind - first, [&](std::size_t i) -> const Entry& { return entry_at(first + i); },
        [&](std::size_t i) { order_.push_back(places[first + i].entry); });
  }
  std::sort(order_.begin(), order_.end(), [this](std::uint32_t one, std::uint32_t other) {
    const Entry &a = entries_[one], &b = entries_[other];
    if (a.rank != b.rank) return a.rank < b.rank;
    if (a.rank == ranks_.size() && a.table != b.table) return a.table < b.table;
    return std::tie(a.time, a.id, a.author, a.panel) < std::tie(b.time, b.id, b.author, b.panel);
  });
}

void VoteWindow::settle_on_disk(Context& context) {
  spill(context);
  sorted_ = std::make_unique<ExternalSort>("survivors",
                                           ExternalSort::Limits{.memory_bytes = memory_bytes_ / 4});
  std::vector<Entry> author;  // entries of one
  std::string key, record;
  const auto settle_author = [&] {
    resolve(
        author.size(), [&](std::size_t i) -> const Entry& { return author[i]; },
        [&](std::size_t i) {
          key.clear();
          append_key(key, rank_of(author[i].table));
          append_key(key, std::string_view{author[i].table});
          append_key(key, author[i].time);
          key.append(author[i].id);
          record.clear();
          append_fixed(record, author[i].votes);
          sorted_->add(context, key, record.append(author[i].row));
        });
    author.clear();
  };
  std::uint64_t done = 0;
  for (ExternalSort::Item item; spilled_->next(context, item);) {
    if (++done % kVotesBetweenStops == 0 && context.stopping())
      throw Failure{MR_CANCELLED, "stopped while cleaning"};
    Entry entry;
    entry.table = take_key_text(item.key);
    entry.author = take_key_text(item.key);
    entry.panel = take_key_text(item.key);
    entry.votes = take_fixed(item.record);
    entry.time = take_fixed(item.record);
    const auto id_size = static_cast<std::size_t>(take_fixed(item.record));
    entry.id = item.record.substr(0, id_size);
    entry.row = item.record.substr(entry.id.size());
    const bool is_same_author =
        !author.empty() && author[0].author == entry.author && author[0].table == entry.table;
    if (!is_same_author && !author.empty()) settle_author();
    if (author.empty() || author.back().panel != entry.panel) {
      author.push_back(std::move(entry));
      continue;
    }
    entry.votes += author.back().votes;
    if (author.back().is_survived_by(entry.time, entry.id)) {
      author.back() = std::move(entry);
    } else {
      author.back().votes = entry.votes;
    }
  }
  if (!author.empty()) settle_author();
}

bool VoteWindow::next(Context& context, Survivor& survivor) {
  if (!is_giving_) {
    spilled_ ? settle_on_disk(context) : settle_in_memory();
    is_giving_ = true;
  }
  if (sorted_) {
    if (ExternalSort::Item item; sorted_->next(context, item)) {
      survivor.votes = take_fixed(item.record);
      survivor.row = item.record;
      return true;
    }
  } else if (given_ < order_.size()) {
    const Entry& entry = entries_[order_[given_++]];
    survivor = {entry.row, entry.votes};
    return true;
  }
  sorted_.reset();
  spilled_.reset();
  clear();
  is_giving_ = false;
  return false;
}

std::optional<std::string> VoteWindow::snapshot(std::size_t max_bytes) const {
  if (is_giving_ || spilled_) return {};
  std::size_t bytes = 0;
  for (const Entry& entry : entries_) {
    bytes += entry.table.size() + entry.author.size() + entry.panel.size() + entry.id.size() +
             entry.row.size();
    if (bytes > max_bytes) return {};
  }
  std::string state;
  append_word(state, static_cast<std::int64_t>(entries_.size()));
  for (const Entry& entry : entries_) {
    for (const std::string_view text :
         {entry.table, entry.author, entry.panel, entry.id, entry.row})
      append_word(state, text);
    append_word(state, entry.votes);
    append_word(state, entry.time);
  }
  return state;
}

void VoteWindow::restore(std::string_view state) {
  for (auto entries = take_number(state); entries > 0; --entries) {
    Entry entry;
    for (auto* const text : {&entry.table, &entry.author, &entry.panel, &entry.id, &entry.row})
      *text = take_text(state);
    entry.votes = take_number(state);
    entry.time = take_number(state);
    add_entry(std::move(entry));
  }
  if (!state.empty()) throw Failure{MR_DATA_INVALID, "the checkpoint of votes is not readable"};
}

}  // namespace millrace::preprocess
