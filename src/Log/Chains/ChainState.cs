using System.Runtime.InteropServices;
using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Chains;

/// <summary>
/// What one instance knows of a chain: the head as it was last read or written, and the chunks after it. Changed only in synchronous steps,
/// and sound after each: positions and ordinals grow along entries and tail, and epochs never fall.
/// </summary>
internal sealed class ChainState
{
    /// <summary>
    /// Positions of one chunk, at most. So a chunk that cannot be read at all, at the very end, can be skipped without giving a position
    /// twice.
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

    /// <summary>Bytes of the tail's chunks.</summary>
    public long TailBytes { get; private set; }

    /// <summary>Every position before it is durable.</summary>
    public Offset Durable { get; private set; }

    /// <summary>The ordinal of the next chunk.</summary>
    public long NextOrdinal { get; private set; }

    /// <summary>The hash of the last chunk; 0 if there is none or it is unreadable.</summary>
    public ulong LastHash { get; private set; }

    /// <summary>Whether the last chunk is unreadable, so that <see cref="Durable"/> lies beyond its end by an unknown distance.</summary>
    public bool EndIsGuess { get; private set; }

    /// <summary>The greatest epoch seen in head or chunks.</summary>
    public LeaderEpoch NewestEpoch { get; private set; } = LeaderEpoch.None;

    /// <summary>What is still to be deleted.</summary>
    public List<PendingGarbage> Garbage { get; } = [];

    /// <summary>The next head, as far as it follows from what this instance knows: it says which chunks exist.</summary>
    public Head NextHead(Guid writer) => Head with
    {
        Revision = Head.Revision + 1,
        Writer = writer,
        KnownOrdinal = NextOrdinal,
        KnownEnd = Durable,
    };

    /// <summary>Changes whenever an object may have lost its place, so that whoever waited for one knows to look again.</summary>
    public int View { get; private set; }

    /// <summary>Takes the next chunk into the tail. False if it does not continue the chain: no history of writers leads to that.</summary>
    public bool TryAccept(LogObject chunk, string? etag) =>
        TryAccept(chunk.Header, ChainEntry.Of(chunk, ObjectKey.Chunk(NextOrdinal), 0, etag));

    /// <summary>
    /// Takes a damaged or missing chunk into the tail. If not even its header is readable, its end is assumed as far away as a chunk can
    /// reach; the next good chunk corrects that.
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
    /// Takes over a head that this instance has written. The first <paramref name="sealedChunks"/> of the tail are in its entries, or
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

    /// <summary>Notes that an object of the tail or of the head was found damaged, so that maintenance leaves it as it is.</summary>
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
            entries[inHead] = entries[inHead] with { IsDamaged = true, Level = ChainEntry.FullLevel };
            Head = Head with { Entries = entries };
        }
    }

    /// <summary>
    /// Finds the object, perhaps a page, that holds the first position at or after <paramref name="from"/> that any object holds.
    /// </summary>
    public bool TryLocate(Offset from, out ChainEntry entry) =>
        (from < Head.TailBase && EntrySearch.TryLocate(Head.Entries, from, out entry))
        || EntrySearch.TryLocate(CollectionsMarshal.AsSpan(_tail), from, out entry);

    /// <summary>
    /// Finds the first object, perhaps a page, that ends after <paramref name="from"/> and may hold a timestamp at or after the given one.
    /// </summary>
    public bool TryLocate(Timestamp timestamp, Offset from, out ChainEntry entry) =>
        EntrySearch.TryLocate(Head.Entries, timestamp, from, out entry)
        || EntrySearch.TryLocate(CollectionsMarshal.AsSpan(_tail), timestamp, from, out entry);

    /// <summary>Checks what must hold between steps.</summary>
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

    /// <summary>Where the unreadable chunks at the end begin; <see cref="Durable"/> if there are none.</summary>
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
    /// Now that the chunk after them begins at <paramref name="end"/>, the unreadable ones before it share what lies between: the first
    /// takes it all.
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
