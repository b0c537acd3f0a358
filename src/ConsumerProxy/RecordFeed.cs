using Loire.Client;

namespace Loire.ConsumerProxy;

/// <summary>
/// One enumeration of a consumer at a time, asked for lists by requests that come and go: a list that nobody waits for any more is there
/// for the next request.
/// </summary>
internal sealed class RecordFeed(IConsumer<byte[], byte[]> consumer)
{
    private IAsyncEnumerator<IReadOnlyList<ConsumeResult<byte[], byte[]>>>? _records;
    private CancellationTokenSource _end = new();
    private Task<bool>? _next;

    /// <summary>Ends when there is a list to take.</summary>
    /// <exception cref="LoireException">A partition cannot be read, or the group refuses the consumer; the next call begins
    /// anew.</exception>
    public async Task ArrivedAsync()
    {
        if (_records is null)
        {
            _end = new CancellationTokenSource();
            _records = consumer.ConsumeBatchesAsync(_end.Token).GetAsyncEnumerator(CancellationToken.None);
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

    /// <summary>The list that has arrived.</summary>
    public IReadOnlyList<ConsumeResult<byte[], byte[]>> Take()
    {
        _next = null;
        return _records!.Current;
    }

    /// <summary>Ends the enumeration, so that no record from before a seek comes after it.</summary>
    /// <returns>A list that had arrived and was not taken; empty if there is none.</returns>
    public async Task<IReadOnlyList<ConsumeResult<byte[], byte[]>>> EndAsync()
    {
        if (_records is not { } records)
        {
            return [];
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
            // Whoever asks next meets it again.
        }

        IReadOnlyList<ConsumeResult<byte[], byte[]>> last = isThere ? records.Current : [];
        await records.DisposeAsync();
        return last;
    }
}
