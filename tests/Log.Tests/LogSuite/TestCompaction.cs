using System.Globalization;
using System.Text;
using Loire.Log.Chains;
using Loire.Log.Objects;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.TestKit;

namespace Loire.Log.Tests.LogSuite;

/// <summary>
/// Compacts a log in tests: of the batches with one key, the last one stays. The key of a batch is the last digit of its first record's value.
/// Each pass leaves a table of keys, whose pages say where it ends.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="removing">Told each value that is about to go.</param>
/// <param name="removed">Told each value that is gone for good.</param>
public sealed class TestCompaction(PartitionLog log, Action<string>? removing = null, Action<string>? removed = null)
{
    private readonly Dictionary<char, Offset> _last = [];

    /// <summary>The steps so far.</summary>
    public List<RewriteStep> Steps { get; } = [];

    /// <summary>The values that are gone.</summary>
    public List<string> Removed { get; } = [];

    /// <summary>Continues the pass under way, or starts one; ends with it, after some steps, or with the first error.</summary>
    public async Task<ErrorCode> RunAsync(int maxSteps = int.MaxValue)
    {
        var mark = log.Compaction;
        if (!mark.IsPassUnderWay)
        {
            var error = await log.SealAsync();
            if (error != ErrorCode.None)
            {
                return error;
            }

            mark = new CompactionMark(log.Compaction.CleanTo, log.ListedEndOffset, log.LogStartOffset);
        }

        return await ReadTableAsync(mark.PassEnd) is not ErrorCode.None and var failed ? failed : await RewriteAsync(mark, maxSteps);
    }

    private async Task<ErrorCode> ReadTableAsync(Offset end)
    {
        for (var next = log.LogStartOffset; next < end;)
        {
            var read = await log.ReadAsync(next, 100_000, CancellationToken.None);
            if (read.Error != ErrorCode.None)
            {
                return read.Error;
            }

            foreach (var batch in Split(TestBatches.Join(read.Pieces)))
            {
                if (StartOf(batch) < end)
                {
                    _last[KeyOf(batch)] = StartOf(batch);
                }
            }

            next = read.NextOffset;
        }

        return ErrorCode.None;
    }

    private async Task<ErrorCode> RewriteAsync(CompactionMark mark, int maxSteps)
    {
        while (mark.PassNext < mark.PassEnd && maxSteps-- > 0)
        {
            var going = new List<string>();
            var step = await log.RewriteAsync(
                mark.PassNext, mark.PassEnd, batches => Task.FromResult(Rewrite(batches, going)), next => At(mark, next));
            Steps.Add(step);
            if (step.Error != ErrorCode.None)
            {
                return step.Error;
            }

            Removed.AddRange(going);
            going.ForEach(value => removed?.Invoke(value));
            mark = mark with { PassNext = step.Next };
        }

        return mark.PassNext >= mark.PassEnd ? await WriteTableAsync(At(mark, mark.PassEnd)) : ErrorCode.None;
    }

    /// <summary>Demands that each page of the stored table is as a pass left it.</summary>
    /// <returns>The error that keeps a page from being read now.</returns>
    public static async Task<ErrorCode> CheckKeysAsync(PartitionLog log)
    {
        if (log.Table(TableKind.Keys) is not { } table)
        {
            return ErrorCode.None;
        }

        Assert.True(log.Compaction.CleanTo >= table.End, "the table of keys ends where a pass ended");
        for (var page = 0; page < table.Pages; page++)
        {
            var (error, bytes) = await log.ReadTableAsync(table, page, caches: page % 2 == 0);
            if (error != ErrorCode.None)
            {
                return error;
            }

            Assert.Equal(PageOf(table, page), Encoding.UTF8.GetString(bytes.Span));
        }

        return ErrorCode.None;
    }

    /// <summary>Writes a table of three pages in two steps.</summary>
    private async Task<ErrorCode> WriteTableAsync(CompactionMark mark)
    {
        var table = new LogTable(TableKind.Keys, mark.CleanTo, mark.CleanTo.Value, 3);
        var error = await log.WriteTableAsync(table, 0, [Page(0), Page(1)], mark);
        return error == ErrorCode.None ? await log.WriteTableAsync(table, 2, [Page(2)], mark) : error;

        ReadOnlyMemory<byte> Page(int page) => Encoding.UTF8.GetBytes(PageOf(table, page));
    }

    private static string PageOf(LogTable table, int page) => string.Create(CultureInfo.InvariantCulture, $"page {page} up to {table.End}");

    /// <summary>The mark of a pass that continues at a position, or has ended there.</summary>
    private static CompactionMark At(CompactionMark mark, Offset next) =>
        next < mark.PassEnd ? mark with { PassNext = next } : new CompactionMark(mark.PassEnd, mark.PassEnd, mark.PassEnd);

    private RewrittenBatches Rewrite(IReadOnlyList<ReadOnlyMemory<byte>> batches, List<string> going)
    {
        var rewritten = batches.ToArray();
        for (var i = 0; i < rewritten.Length; i++)
        {
            var batch = rewritten[i];
            if (_last.TryGetValue(KeyOf(batch), out var last) && StartOf(batch) < last)
            {
                going.AddRange(ValuesOf(batch));
                rewritten[i] = default;
            }
        }

        going.ForEach(value => removing?.Invoke(value));
        return new RewrittenBatches(ErrorCode.None, rewritten);
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> batches)
    {
        while (!batches.IsEmpty)
        {
            var size = SizeOf(batches);
            yield return batches[..size];
            batches = batches[size..];
        }
    }

    private static int SizeOf(ReadOnlyMemory<byte> batches) => View(batches).SizeInBytes;

    private static Offset StartOf(ReadOnlyMemory<byte> batch) => View(batch).BaseOffset;

    private static RecordBatch View(ReadOnlyMemory<byte> bytes)
    {
        Assert.Equal(ErrorCode.None, RecordBatch.TryRead(bytes.Span, out var batch));
        return batch;
    }

    private static char KeyOf(ReadOnlyMemory<byte> batch) => ValuesOf(batch)[0].TrimEnd('x')[^1];

    private static List<string> ValuesOf(ReadOnlyMemory<byte> bytes)
    {
        var batch = View(bytes);
        var values = new List<string>();
        var records = new RecordReader(batch, batch.Payload);
        while (records.MoveNext())
        {
            values.Add(Encoding.UTF8.GetString(records.Current.Value));
        }

        return values;
    }
}
