using Loire.Edge.Scheduling;

namespace Loire.Edge.Calls;

/// <summary>
/// Repeats calls without side effects while their grain moves or its silo has been lost, so that a client waits a moment instead of getting an
/// error. A call that was lost with its silo gets no answer at all, so each attempt is bounded too. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="patience">How long to repeat: an attempt that fails later is the last.</param>
public sealed class CallRetries(TimeProvider time, TimeSpan patience)
{
    // Storage that is slow must not get each request twice, so an attempt waits for longer than a call usually takes, and the next one twice as long.
    private static readonly TimeSpan FirstAttempt = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(320);

    /// <summary>Makes a call without side effects, if necessary several times.</summary>
    /// <param name="state">Passed to <paramref name="call"/>.</param>
    /// <param name="call">Makes the call.</param>
    /// <param name="errorOf">The error of an answer.</param>
    /// <param name="wait">How long the grain may keep the call waiting on purpose.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="Exception">The last attempt failed; see <see cref="GrainCallErrors"/>.</exception>
    public async ValueTask<T> CallAsync<T, TState>(
        TState state, Func<TState, ValueTask<T>> call, Func<T, ErrorCode> errorOf, TimeSpan wait, CancellationToken cancellation)
    {
        var begun = time.GetTimestamp();
        var (attempt, pause) = (FirstAttempt, FirstPause);
        while (true)
        {
            try
            {
                var answer = await BoundedAsync(call(state), wait + attempt, cancellation);
                if (!GrainCallErrors.IsMoved(errorOf(answer)) || IsOver())
                {
                    return answer;
                }
            }
            catch (Exception failure) when (GrainCallErrors.Of(failure) is not null && !cancellation.IsCancellationRequested && !IsOver())
            {
            }

            await BackgroundWork.PauseAsync(pause, time, cancellation);
            attempt *= 2;
            pause = pause < LongestPause ? pause * 2 : pause;
        }

        bool IsOver() => time.GetElapsedTime(begun) >= patience;
    }

    private ValueTask<T> BoundedAsync<T>(ValueTask<T> call, TimeSpan limit, CancellationToken cancellation)
    {
        return call.IsCompleted ? call : WaitAsync(call.AsTask());

        async ValueTask<T> WaitAsync(Task<T> task)
        {
            await BackgroundWork.WaitAsync(task, limit, time, cancellation);
            return await task;
        }
    }
}
