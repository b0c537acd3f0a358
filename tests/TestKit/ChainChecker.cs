using Loire.Log.Objects;
using Loire.Model;

namespace Loire.TestKit;

/// <summary>
/// Observes all writers of one log in a <see cref="LossyGrainStorage"/>, and records each violated rule in <see cref="Violations"/>:
/// <list type="bullet">
/// <item>One content per key: no object except the head is ever overwritten, and no key is reused with other content. One exception is
/// allowed, and checked to be harmless: below the tail, which is never read, a leader that was superseded before it led may write its fence
/// where a chunk had been.</item>
/// <item>Links: each chunk begins where the one before ends and names its hash.</item>
/// <item>Epochs never decrease along the chain, and an epoch begins with a fence by the writer whose head claimed it. A deletion may be
/// continued by any writer.</item>
/// <item>The head lists a gapless log: entries from its start, or from what is about to be dropped before it, to its tail, all of which exist.</item>
/// <item>Nothing is deleted that the current head refers to.</item>
/// </list>
/// </summary>
public sealed class ChainChecker
{
    private readonly LossyGrainStorage _storage;
    private readonly LogName _name;
    private readonly string _prefix;
    private readonly Dictionary<string, string> _contents = [];
    private readonly HashSet<string> _existing = [];
    private readonly Dictionary<string, ChainEntry[]> _pages = [];
    private readonly SortedDictionary<long, ObjectHeader> _chunks = [];
    private readonly Dictionary<int, Guid> _epochs = [];
    private Head _head = Head.None;

    /// <summary>Starts to watch a log of a store.</summary>
    public ChainChecker(LossyGrainStorage storage, string logId)
    {
        (_storage, _name) = (storage, new LogName(logId));
        _prefix = $"loire|log/{_name.Text}/";
        storage.Changed += OnChanged;
    }

    /// <summary>Human-readable descriptions of the violated rules.</summary>
    public List<string> Violations { get; } = [];

    /// <summary>The number of chunks created.</summary>
    public int Chunks => _chunks.Count;

    /// <summary>The newest head.</summary>
    public long HeadRevision => _head.Revision;

    private void OnChanged(StorageChange change)
    {
        if (!change.Call.Key.StartsWith(_prefix, StringComparison.Ordinal))
        {
            return;
        }

        var key = change.Call.Key[_prefix.Length..];
        if (key.IndexOf('/', StringComparison.Ordinal) == 32)
        {
            if (key[..32] != _head.Incarnation?.ToString("N"))
            {
                // Of another creation of the log, whose head never names it.
                return;
            }

            key = key[33..];
        }

        if (change.ETag is null)
        {
            _existing.Remove(key);
            OnDeleted(key);
        }
        else if (key == "head")
        {
            OnHead(change.Call.Bytes);
        }
        else
        {
            OnObject(key, change.Call);
        }
    }

    private void OnObject(string key, StorageCall call)
    {
        Demand(call.IsCreate, $"{key} was overwritten");
        _existing.Add(key);
        if (!LogObject.TryRead(call.Bytes, _name.Tag, null, out var written))
        {
            Violations.Add($"{key} is not a sound object");
            return;
        }

        var content = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(call.Bytes.Span));
        var isNew = !_contents.TryGetValue(key, out var before);
        var header = written!.Header;
        if (key.StartsWith("chunk/", StringComparison.Ordinal) && header.FirstOrdinal < _head.TailOrdinal)
        {
            Demand(before == content || (header.Base == header.End && header.Epoch < _head.Epoch), $"{key} was written below the tail");
            return;
        }

        Demand(isNew || before == content, $"{key} was used again with other content");
        _contents[key] = content;
        if (isNew && key.StartsWith("chunk/", StringComparison.Ordinal))
        {
            OnChunk(key, header);
        }
    }

    private void OnChunk(string key, in ObjectHeader chunk)
    {
        Demand(ObjectKey.Chunk(chunk.FirstOrdinal).ToString() == key, $"{key} holds another chunk");
        if (_chunks.TryGetValue(chunk.FirstOrdinal - 1, out var before) && !_head.IsDeleting)
        {
            Demand(chunk.Base == before.End, $"{key} begins at {chunk.Base}, the chunk before it ends at {before.End}");
            Demand(chunk.Link == before.Hash, $"{key} does not name the chunk before it");
            Demand(chunk.Epoch >= before.Epoch, $"the epoch falls from {before.Epoch} to {chunk.Epoch} at {key}");
            if (chunk.Epoch > before.Epoch)
            {
                Demand(chunk.Base == chunk.End, $"epoch {chunk.Epoch} does not begin with a fence");
            }
        }

        Demand(chunk.FirstOrdinal == 0 || _chunks.ContainsKey(chunk.FirstOrdinal - 1), $"{key} was written before the chunk before it");
        Demand(
            _head.IsDeleting || (_epochs.TryGetValue(chunk.Epoch.Value, out var leader) && leader == chunk.Writer),
            $"{key} is by a writer that did not take epoch {chunk.Epoch}");
        _chunks[chunk.FirstOrdinal] = chunk;
    }

    private void OnHead(ReadOnlyMemory<byte> bytes)
    {
        if (!Head.TryRead(bytes.Span, _name.Tag, out var head))
        {
            Violations.Add("a head is not sound");
            return;
        }

        Demand(head.Revision == _head.Revision + 1, $"head {head.Revision} follows head {_head.Revision}");
        Demand(head.Epoch >= _head.Epoch, "the head's epoch falls");
        Demand(head.Start >= _head.Start && head.TailOrdinal >= _head.TailOrdinal, "the head's start or tail goes back");
        if (head.Epoch > _head.Epoch)
        {
            _epochs[head.Epoch.Value] = head.Writer;
        }
        else
        {
            Demand(head.IsDeleting || _epochs[head.Epoch.Value] == head.Writer, "a head is by a writer that does not lead");
        }

        _head = head;
        if (!head.IsDeleting)
        {
            // Objects below the start are dropped after it has moved.
            var end = head.Entries is [var first, ..] && first.Base < head.Start ? first.Base : head.Start;
            CheckEntries(head.Entries, ref end);
            Demand(end == head.TailBase, $"the head lists positions up to {end}, its tail begins at {head.TailBase}");
            foreach (var key in head.Tables.SelectMany(table => table.Keys()))
            {
                Demand(_existing.Contains(key.ToString()), $"{key} has keys and does not exist");
            }
        }
    }

    private void CheckEntries(ChainEntry[] entries, ref Offset end)
    {
        foreach (var entry in entries)
        {
            Demand(entry.Base == end, $"{entry.Key} begins at {entry.Base}, what is before it ends at {end}");
            end = entry.End;
            var key = entry.Key.ToString();
            Demand(_existing.Contains(key), $"{key} is listed and does not exist");
            if (entry.Kind == ObjectKind.Page && !_pages.ContainsKey(key))
            {
                _pages[key] = EntriesOf(key);
                var from = entry.Base;
                CheckEntries(_pages[key], ref from);
                Demand(from == entry.End, $"{key} lists positions up to {from}, and says {entry.End}");
            }
        }
    }

    private ChainEntry[] EntriesOf(string key)
    {
        if (_storage.Find(_prefix + key) is { } bytes
            && LogObject.TryRead(bytes, _name.Tag, null, out var page)
            && ChainEntry.TryRead(TestBatches.Join(page!.Body.ToArray()), out var entries))
        {
            return entries;
        }

        Violations.Add($"{key} is not a sound page");
        return [];
    }

    private void OnDeleted(string key)
    {
        if (key == "head" || _head.IsDeleting)
        {
            return;
        }

        Demand(
            !Refers(_head.Entries, key) && !_head.Tables.SelectMany(table => table.Keys()).Any(listed => listed.ToString() == key),
            $"{key} was deleted while the head lists it");
        var isInTail = key.StartsWith("chunk/", StringComparison.Ordinal)
            && string.CompareOrdinal(key, ObjectKey.Chunk(_head.TailOrdinal).ToString()) >= 0;
        Demand(!isInTail, $"{key} was deleted while it is in the tail");
    }

    private bool Refers(ChainEntry[] entries, string key)
    {
        foreach (var entry in entries)
        {
            if (entry.Key.ToString() == key
                || (entry.Kind == ObjectKind.Page && _pages.TryGetValue(entry.Key.ToString(), out var below) && Refers(below, key)))
            {
                return true;
            }
        }

        return false;
    }

    private void Demand(bool holds, string violation)
    {
        if (!holds)
        {
            Violations.Add(violation);
        }
    }
}
