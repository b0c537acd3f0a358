using System.Buffers;
using System.Globalization;
using Loire.Cli.Failures;
using Loire.Model.Batches;

namespace Loire.Cli.Node;

/// <summary>
/// Record batches of one partition, with verified headers and checksums. Occupies one unit of a budget until it is disposed.
/// </summary>
internal sealed class FetchedPage : IDisposable
{
    private const int FirstBuffer = 256 * 1024;

    private readonly SemaphoreSlim _budget;
    private byte[] _buffer;
    private int _length;

    private FetchedPage(int partition, long from, long next, long highWatermark, SemaphoreSlim budget)
    {
        Partition = partition;
        From = from;
        Next = next;
        HighWatermark = highWatermark;
        _budget = budget;
        _buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
    }

    public int Partition { get; }

    /// <summary>The first requested offset; the first batch may begin before it.</summary>
    public long From { get; }

    /// <summary>The offset to fetch next.</summary>
    public long Next { get; }

    public long HighWatermark { get; }

    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _length);

    public static bool TryReadPositions(HttpResponseMessage response, out long next, out long highWatermark)
    {
        highWatermark = 0;
        return TryRead(response, "Next-Offset", out next) && TryRead(response, "High-Watermark", out highWatermark);
    }

    /// <summary>Reads a whole body. A body that ends within a batch was truncated in transit.</summary>
    public static async Task<FetchedPage> ReadAsync(
        HttpResponseMessage response, int partition, long from, long next, long highWatermark, SemaphoreSlim budget,
            CancellationToken cancellation)
    {
        var page = new FetchedPage(partition, from, next, highWatermark, budget);
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
            int read;
            while ((read = await stream.ReadAsync(page._buffer.AsMemory(page._length), cancellation)) > 0)
            {
                page._length += read;
                page.Grow();
            }

            page.Check();
            return page;
        }
        catch
        {
            page.GiveBack();
            throw;
        }
    }

    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            GiveBack();
            _budget.Release();
        }
    }

    private void GiveBack()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }

    private void Grow()
    {
        if (_length < _buffer.Length)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(checked(2 * _buffer.Length));
        Bytes.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    private void Check()
    {
        for (var rest = Bytes; !rest.IsEmpty;)
        {
            if (RecordBatch.TryRead(rest, out var batch) != ErrorCode.None)
            {
                throw NodeException.Broken("it ended within a record batch");
            }

            if (!batch.CrcIsValid())
            {
                throw new NodeException(
                    ErrorCode.CorruptMessage,
                    $"The batch at offset {batch.BaseOffset} of partition {Partition} has a wrong checksum.",
                    ExitCode.Error,
                    isRetriable: false);
            }

            rest = rest[batch.SizeInBytes..];
        }
    }

    private static bool TryRead(HttpResponseMessage response, string header, out long value)
    {
        value = 0;
        return response.Headers.TryGetValues(header, out var values)
            && long.TryParse(values.FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }
}
