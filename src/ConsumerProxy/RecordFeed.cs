using Loire.Client;

namespace Loire.ConsumerProxy;

/// <summary>
/// One enumeration of a consumer at a time, shared by requests that come and go: records that arrive after a request has stopped waiting
/// are kept for the next one.
/// </summary>
internal sealed class RecordFeed(UntypedConsumer consumer)
{
    private IAsyncEnumerator<PartitionSlices>? _records;
    private CancellationTokenSource _end = new();
    private Task<bool>? _next;

    /// <summary>Ends when there are records to take.</summary>
    /// <exception cref="LoireException">A partition cannot be read, or the group refuses the consumer; the next call starts a new
    /// enumeration.</exception>
    public async Task ArrivedAsync()
    {
        if (_records is null)
        {
            _end = new CancellationTokenSource();
            _records = consumer.ConsumeSlicesAsync(_end.Token).GetAsyncEnumerator(CancellationToken.None);
        }

        _next ??= _records.MoveNextAsync().AsTask();
        var next = _next;
        try
        {
            await next;
        }
        catch (Exception) when (ReferenceEquals(next, _next))
        {
            (_records, _next) = (null, null);
            throw;
        }
    }

    /// <summary>The records that have arrived.</summary>
    public PartitionSlices Take()
    {
        _next = null;
        return _records!.Current;
    }

    /// <summary>Ends the enumeration, so that no record fetched before a seek comes after it.</summary>
    /// <returns>Records that had arrived and were not taken; null if there are none.</returns>
    public async Task<PartitionSlices?> EndAsync()
    {
        if (_records is not { } records)
        {
            return null;
        }

        await _end.CancelAsync();
        var (next, isThere) = (_next, false);
        (_records, _next) = (null, null);
        try
        {
            isThere = next is not null && await next;
        }
        catch (LoireException)
        {
            // The next request gets it again.
        }

        var last = isThere ? records.Current : null;
        await records.DisposeAsync();
        return last;
    }
}
