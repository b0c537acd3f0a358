using System.Runtime.InteropServices;
using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Chains;

/// <summary>
/// The state of a chain as one instance knows it: the head as last read or written, and the chunks after it. Changed only in synchronous
/// steps, and consistent after each: positions and ordinals grow along entries and tail, and epochs never fall.
/// </summary>
internal sealed class ChainState
{
    /// <summary>
    /// The most positions of one chunk. An unreadable chunk at the end is assumed to have this many, so that no position is assigned twice.
    /// </summary>
    public const long MaxChunkPositions = 1L << 32;

    private readonly List<ChainEntry> _tail = [];

    /// <summary>The chain that a head describes, before its tail is read.</summary>
    public ChainState(Head head, string? etag)
    {
        Head = head;
        HeadETag = etag;
        NextOrdinal = head.TailOrdinal;
        Durable = head.TailBase;
        LastHash = head.TailLink;
        NewestEpoch = head.Epoch;
        foreach (var item in head.Garbage)
        {
            Garbage.Add(new PendingGarbage(item, null));
        }
    }

    /// <summary>The head.</summary>
    public Head Head { get; private set; }

    /// <summary>The head's version; null if there is no head yet.</summary>
    public string? HeadETag { get; private set; }

    /// <summary>The chunks that are in no entry, in order.</summary>
    public IReadOnlyList<ChainEntry> Tail => _tail;

    /// <summary>Bytes of the chunks in the tail.</summary>
    public long TailBytes { get; private set; }

    /// <summary>The durable end: every position before it is durable.</summary>
    public Offset Durable { get; private set; }

    /// <summary>The ordinal of the next chunk.</summary>
    public long NextOrdinal { get; private set; }

    /// <summary>The hash of the last chunk; 0 if there is none or it is unreadable.</summary>
    public ulong LastHash { get; private set; }

    /// <summary>Whether the last chunk is unreadable, so that <see cref="Durable"/> exceeds its end by an unknown distance.</summary>
    public bool EndIsGuess { get; private set; }

    /// <summary>The greatest epoch seen in head or chunks.</summary>
    public LeaderEpoch NewestEpoch { get; private set; } = LeaderEpoch.None;

    /// <summary>Objects that are still to be deleted.</summary>
    public List<PendingGarbage> Garbage { get; } = [];

    /// <summary>The base of the next head, with the chunks that this instance knows to exist.</summary>
    public Head NextHead(Guid writer) => Head with
    {
        Revision = Head.Revision + 1,
        Writer = writer,
        KnownOrdinal = NextOrdinal,
        KnownEnd = Durable,
    };

    /// <summary>Lists the chunks that the tail has now, as they are, in a head.</summary>
    public Func<Head, Head> ListTail(ChainOptions options)
    {
        var (end, ordinal, link, chunks) = (Durable, NextOrdinal, LastHash, Tail.ToArray());
        return head => head with
        {
            Entries = [.. head.Entries, .. chunks.Select(chunk => chunk with { Level = MaintenancePlan.LevelOf(chunk, options) })],
            TailOrdinal = ordinal,
            TailBase = end,
            TailLink = link,
            Fences = head.WithFences(chunks.Where(chunk => chunk.HoldsPlace).Select(chunk => chunk.FirstOrdinal)),
        };
    }

    /// <summary>Changes whenever an object may have been replaced, so that a reader that awaited one locates it again.</summary>
    public int View { get; private set; }

    /// <summary>Adds the next chunk to the tail. False if it does not continue the chain, which no history of writers produces.</summary>
    public bool TryAccept(LogObject chunk, string? etag) =>
        TryAccept(chunk.Header, ChainEntry.Of(chunk, ObjectKey.Chunk(NextOrdinal), 0, etag));

    /// <summary>
    /// Adds a damaged or missing chunk to the tail. If its header is unreadable too, its end is assumed as far away as a chunk can reach;
    /// the next intact chunk corrects that.
    /// </summary>
    public bool TryAcceptDamaged(ObjectHeader? header, string? etag)
    {
        var entry = new ChainEntry
        {
            Kind = ObjectKind.Chunk,
            IsDamaged = true,
            Key = ObjectKey.Chunk(NextOrdinal),
            FirstOrdinal = NextOrdinal,
            LastOrdinal = NextOrdinal,
            ETag = etag,
        };
        if (header is { } intact)
        {
            return TryAccept(intact, entry with
            {
                Bytes = intact.PrefixBytes + intact.BodyBytes,
                HeaderCrc = intact.HeaderCrc,
                HoldsPlace = intact.HoldsPlace,
                Base = intact.Base,
                End = intact.End,
                MaxTimestamp = intact.MaxTimestamp,
            });
        }

        Add(entry with { Base = Durable, End = Durable + MaxChunkPositions, MaxTimestamp = new Timestamp(long.MaxValue) });
        (LastHash, EndIsGuess) = (0, true);
        if (NextOrdinal == Head.KnownOrdinal && Head.KnownEnd >= GuessedFrom)
        {
            Correct(Head.KnownEnd);
            Durable = Head.KnownEnd;
        }

        return true;
    }

    /// <summary>
    /// Applies a head that this instance has written. The first <paramref name="sealedChunks"/> of the tail are in its entries or its
    /// garbage.
    /// </summary>
    public void Advance(Head head, string? etag, int sealedChunks)
    {
        Invariant.Check(head.Revision == Head.Revision + 1, "each head follows the one before");
        for (var i = 0; i < sealedChunks; i++)
        {
            TailBytes -= _tail[i].Bytes;
        }

        _tail.RemoveRange(0, sealedChunks);
        (Head, HeadETag) = (head, etag);
        NewestEpoch = head.Epoch > NewestEpoch ? head.Epoch : NewestEpoch;
        View++;
        AssertInvariants();
    }

    /// <summary>Marks an object of the tail or of the head as damaged, so that maintenance leaves it as it is.</summary>
    public void MarkDamaged(ObjectKey key)
    {
        var inTail = _tail.FindIndex(entry => entry.Key == key);
        if (inTail >= 0)
        {
            _tail[inTail] = _tail[inTail] with { IsDamaged = true };
            return;
        }

        var inHead = Array.FindIndex(Head.Entries, entry => entry.Key == key);
        if (inHead >= 0)
        {
            var entries = (ChainEntry[])Head.Entries.Clone();
            var level = entries[inHead].Kind == ObjectKind.Page ? entries[inHead].Level : ChainEntry.FullLevel;
            entries[inHead] = entries[inHead] with { IsDamaged = true, Level = level };
            Head = Head with { Entries = entries };
        }
    }

    /// <summary>
    /// Finds the object, or the page above it, with the first stored position at or after <paramref name="from"/>.
    /// </summary>
    public bool TryLocate(Offset from, out ChainEntry entry) =>
        (from < Head.TailBase && EntrySearch.TryLocate(Head.Entries, from, out entry))
        || EntrySearch.TryLocate(CollectionsMarshal.AsSpan(_tail), from, out entry);

    /// <summary>
    /// Finds the first object, or the page above it, that ends after <paramref name="from"/> and may have a timestamp at or after the given
    /// one.
    /// </summary>
    public bool TryLocate(Timestamp timestamp, Offset from, out ChainEntry entry) =>
        EntrySearch.TryLocate(Head.Entries, timestamp, from, out entry)
        || EntrySearch.TryLocate(CollectionsMarshal.AsSpan(_tail), timestamp, from, out entry);

    /// <summary>Asserts the invariants that hold between steps.</summary>
    public void AssertInvariants()
    {
        Invariant.Check(Head.Start <= Head.TailBase && Head.TailBase <= Durable, "start <= tail <= durable");
        Invariant.Check(_tail.Count == NextOrdinal - Head.TailOrdinal, "the tail is what lies between the entries and the next chunk");
        Invariant.Check(_tail.Count == 0 || _tail[0].Base >= Head.TailBase, "the tail follows the entries");
        Invariant.Check(_tail.Count == 0 || _tail[^1].End == Durable, "the last chunk ends where the durable positions do");
        Invariant.Check(TailBytes >= 0, "bytes are counted once");
    }

    private bool TryAccept(in ObjectHeader header, ChainEntry entry)
    {
        Invariant.Check(header.FirstOrdinal == NextOrdinal, "chunks are taken in order");
        if (header.Epoch < NewestChunkEpoch || header.LastOrdinal != header.FirstOrdinal || header.End - header.Base > MaxChunkPositions)
        {
            return false;
        }

        var follows = EndIsGuess || header.FollowsDamage
            ? header.Base >= GuessedFrom
            : header.Base == Durable && header.Link == LastHash;
        if (!follows)
        {
            return false;
        }

        Correct(header.Base);
        Add(entry);
        (LastHash, EndIsGuess) = (header.Hash, false);
        NewestChunkEpoch = header.Epoch;
        NewestEpoch = header.Epoch > NewestEpoch ? header.Epoch : NewestEpoch;
        return true;
    }

    private LeaderEpoch NewestChunkEpoch { get; set; } = LeaderEpoch.None;

    /// <summary>The start of the unreadable chunks at the end; <see cref="Durable"/> if there are none.</summary>
    private Offset GuessedFrom
    {
        get
        {
            var from = Durable;
            for (var i = _tail.Count - 1; i >= 0 && IsGuess(_tail[i]); i--)
            {
                from = _tail[i].Base;
            }

            return from;
        }
    }

    private static bool IsGuess(in ChainEntry entry) => entry.IsDamaged && entry.MaxTimestamp.Milliseconds == long.MaxValue;

    /// <summary>
    /// Corrects the ranges of unreadable chunks now that the next chunk is known to begin at <paramref name="end"/>: the first of them
    /// takes the whole range.
    /// </summary>
    private void Correct(Offset end)
    {
        var first = _tail.Count;
        while (first > 0 && IsGuess(_tail[first - 1]))
        {
            first--;
        }

        for (var i = first; i < _tail.Count; i++)
        {
            _tail[i] = _tail[i] with { Base = i == first ? _tail[i].Base : end, End = end };
        }
    }

    private void Add(ChainEntry entry)
    {
        _tail.Add(entry);
        TailBytes += entry.Bytes;
        NextOrdinal++;
        Durable = entry.End;
    }
}
