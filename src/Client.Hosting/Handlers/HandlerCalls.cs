using Microsoft.Extensions.DependencyInjection;

namespace Loire.Client.Hosting;

/// <summary>Calls a handler with a record, each time in a service scope of its own, until it succeeds or its attempts are used up.</summary>
internal sealed class HandlerCalls(IServiceScopeFactory scopes, RecordHandlingOptions options, ClientMetrics metrics, TimeProvider time)
{
    /// <summary>Calls the handler up to <see cref="RetryOptions.Attempts"/> times; on cancellation it throws.</summary>
    /// <param name="record">The record.</param>
    /// <param name="attempts">Calls before these.</param>
    /// <param name="call">Calls the handler with the services of the scope and the number of the call, from 1.</param>
    /// <param name="cancellation">Ends the attempts.</param>
    /// <returns>Calls so far, and the last failure; null if the last call has succeeded.</returns>
    public async ValueTask<(int Attempts, Exception? Failure)> CallAsync(
        ConsumeResult<byte[], byte[]> record, int attempts, Func<IServiceProvider, int, CancellationToken, ValueTask> call, CancellationToken cancellation)
    {
        var pause = options.Retry.Backoff;
        for (var left = options.Retry.Attempts; ; left--)
        {
            attempts++;
            var error = await TryAsync(record, attempts, call, cancellation);
            if (error is null)
            {
                return (attempts, null);
            }

            cancellation.ThrowIfCancellationRequested();
            if (left == 1)
            {
                return (attempts, error);
            }

            await Task.Delay(pause, time, cancellation);
            pause = pause * 2 < options.Retry.BackoffMax ? pause * 2 : options.Retry.BackoffMax;
        }
    }

    private async ValueTask<Exception?> TryAsync(
        ConsumeResult<byte[], byte[]> record, int attempt, Func<IServiceProvider, int, CancellationToken, ValueTask> call, CancellationToken cancellation)
    {
        var position = new TopicPartitionOffset(record.Topic, record.Partition, record.Offset);
        using var activity = HandlerTelemetry.Start(position, record.Headers, options.Name);
        var started = time.GetTimestamp();
        using var timeout = new CancellationTokenSource(options.HandlerTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        Exception? failure = null;
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            await call(scope.ServiceProvider, attempt, both.Token);
        }
        catch (Exception error)
        {
            // Any exception of a handler is a failure of the record; the caller decides whether to retry.
            failure = timeout.IsCancellationRequested && error is OperationCanceledException && !cancellation.IsCancellationRequested
                ? new TimeoutException($"The handler did not complete within {options.HandlerTimeout}.", error)
                : error;
        }

        HandlerTelemetry.End(metrics, activity, position, time.GetElapsedTime(started), failure);
        return failure;
    }
}
