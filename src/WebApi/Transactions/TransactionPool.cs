using System.Collections.Concurrent;
using System.Globalization;
using Loire.Model.Transactions;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Transactions;

/// <summary>
/// The transactional ids of this node, <c>__http-{node}-{number}</c>: as many as it has had transactions at once, up to
/// <see cref="LoireApiOptions.MaxTransactions"/>. What a node leaves open when it dies is aborted once its successor uses the id, or after
/// <see cref="LoireApiOptions.TransactionTimeout"/>. Thread-safe.
/// </summary>
internal sealed class TransactionPool(IGrainFactory grains, IOptions<LoireApiOptions> options, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _room = new(options.Value.MaxTransactions);
    private readonly ConcurrentQueue<ServerTransaction> _idle = new();
    private readonly TransactionSettings _settings = new(options.Value.TransactionTimeout, options.Value.CallPatience);
    private readonly string _node = options.Value.NodeName ?? Guid.NewGuid().ToString("N");
    private int _made;

    /// <summary>Takes an id that is idle; null if none became so in time.</summary>
    public async Task<ServerTransaction?> TakeAsync(CancellationToken cancellation)
    {
        if (!_room.Wait(0, CancellationToken.None))
        {
            using var wait = new CancellationTokenSource(options.Value.MemoryWait, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(wait.Token, cancellation);
            try
            {
                await _room.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                return null;
            }
        }

        return _idle.TryDequeue(out var idle) ? idle : new ServerTransaction(
            TransactionalId.Parse(string.Create(CultureInfo.InvariantCulture, $"__http-{_node}-{Interlocked.Increment(ref _made) - 1}")),
            grains, _settings, time);
    }

    /// <summary>Gives an id back, whose transaction has ended.</summary>
    public void Return(ServerTransaction transaction)
    {
        _idle.Enqueue(transaction);
        _room.Release();
    }

    public void Dispose() => _room.Dispose();
}
