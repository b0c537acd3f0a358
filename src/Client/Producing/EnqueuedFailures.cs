using Loire.Edge.Producing;
using Loire.Model;

namespace Loire.Client;

/// <summary>Collects failures of records that no caller awaits, until a flush reports them.</summary>
internal sealed class EnqueuedFailures
{
    private readonly Lock _lock = new();
    private TopicPartition _target;
    private AppendFailure? _first;
    private long _count;

    public void Add(TopicPartition target, AppendFailure failure, int records)
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

    public void Clear()
    {
        lock (_lock)
        {
            (_first, _count) = (null, 0);
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

internal static class AppendFailures
{
    /// <summary>Creates the exception of one record. Each record needs its own, because throwing modifies an exception.</summary>
    public static ProduceException ToException(this AppendFailure failure, TopicPartition target) =>
        new(failure.Code, target, failure.IsOutcomeUnknown, failure.Text, failure.Exception);
}
