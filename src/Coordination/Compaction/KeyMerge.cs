using Loire.Model;

namespace Loire.Coordination.Compaction;

/// <summary>
/// Makes the next table of keys from the pages of the one before, given in order, and from what a pass of compaction has learned. It holds one page at a
/// time. What lies before the start of the log is left out, and deletions that have had their time are. Not thread-safe.
/// </summary>
/// <param name="latest">The last offset of each key in what the pass has learned.</param>
/// <param name="pages">How many pages the next table has.</param>
/// <param name="start">The start of the log.</param>
/// <param name="now">The broker's time.</param>
/// <param name="tombstoneTime"><c>delete.retention.ms</c>.</param>
public sealed class KeyMerge(OffsetMap latest, int pages, Offset start, Timestamp now, TimeSpan tombstoneTime) : IDisposable
{
    private readonly IEnumerator<PageEntry> _learned = Learned(latest, KeyPage.HourAfter(CompactionRules.Later(now, tombstoneTime))).GetEnumerator();
    private readonly Queue<ReadOnlyMemory<byte>> _done = new();
    private byte[] _page = [];
    private int _length;
    private int _number;
    private bool _hasBegun;
    private bool _isLearnedLeft;

    /// <summary>How many keys have been written.</summary>
    public long Keys { get; private set; }

    /// <summary>Merges the next page of the table before.</summary>
    public void Add(ReadOnlySpan<byte> page)
    {
        Begin();
        for (var i = 0; i < page.Length / KeyPage.EntryBytes; i++)
        {
            var entry = KeyPage.Read(page, i);
            while (_isLearnedLeft && _learned.Current.Key < entry.Key)
            {
                TakeLearned();
            }

            // What was learned is newer.
            if ((!_isLearnedLeft || _learned.Current.Key != entry.Key) && !KeyPage.HasCome(entry.Hour, now))
            {
                Write(entry);
            }
        }
    }

    /// <summary>Ends the table: every page can be taken then.</summary>
    public void End()
    {
        Begin();
        while (_isLearnedLeft)
        {
            TakeLearned();
        }

        while (_number < pages)
        {
            EndPage();
        }
    }

    /// <summary>Takes the next page that is done.</summary>
    public bool TryTake(out ReadOnlyMemory<byte> page) => _done.TryDequeue(out page);

    /// <inheritdoc/>
    public void Dispose() => _learned.Dispose();

    private static IEnumerable<PageEntry> Learned(OffsetMap latest, int hour) =>
        latest.InOrder().Select(entry => new PageEntry(KeyPage.KeyOf(entry.Hash), entry.IsDeleted ? hour : 0, entry.Last));

    private void Begin()
    {
        _isLearnedLeft = _hasBegun ? _isLearnedLeft : _learned.MoveNext();
        _hasBegun = true;
    }

    private void TakeLearned()
    {
        Write(_learned.Current);
        _isLearnedLeft = _learned.MoveNext();
    }

    private void Write(in PageEntry entry)
    {
        if (entry.Last < start)
        {
            return;
        }

        while (KeyPage.PageOf(KeyPage.HashOf(entry.Key), pages) > _number)
        {
            EndPage();
        }

        if (_length == _page.Length)
        {
            Array.Resize(ref _page, Math.Max(64 * KeyPage.EntryBytes, _page.Length * 2));
        }

        KeyPage.Write(entry, _page.AsSpan(_length));
        _length += KeyPage.EntryBytes;
        Keys++;
    }

    private void EndPage()
    {
        _done.Enqueue(_page.AsSpan(0, _length).ToArray());
        _length = 0;
        _number++;
    }
}
