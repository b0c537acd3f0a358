using Loire.Model;

namespace Loire.Client;

/// <summary>What became of records that no caller waits for, until a flush asks.</summary>
internal sealed class EnqueuedFailures
{
    private readonly Lock _lock = new();
    private TopicPartition _target;
    private DeliveryFailure? _first;
    private long _count;

    public void Add(TopicPartition target, DeliveryFailure failure, int records)
    {
        if (records > 0)
        {
            lock (_lock)
            {
                if (_first is null)
                {
                    (_first, _target) = (failure, target);
                }

                _count += records;
            }
        }
    }

    /// <exception cref="ProduceException">Records have failed since the last call.</exception>
    public void ThrowIfAny()
    {
        lock (_lock)
        {
            if (_first is not { } first)
            {
                return;
            }

            var (target, count) = (_target, _count);
            (_first, _count) = (null, 0);
            var reason = first.Text ?? ErrorCodes.Describe(first.Code).Text;
            throw (first with { Text = $"{count} enqueued records were not delivered. The first one: {reason}" }).ToException(target);
        }
    }
}
