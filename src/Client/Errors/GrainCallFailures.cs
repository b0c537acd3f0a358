using Loire.Edge.Calls;
using Loire.Edge.Scheduling;
using Loire.Grains.Interfaces.Topics;

namespace Loire.Client;

/// <summary>Converts failed grain calls and refusals to the client's exceptions.</summary>
internal static class GrainCallFailures
{
    /// <summary>Makes a call and returns its answer.</summary>
    /// <param name="call">Makes the call.</param>
    /// <param name="what">Names the called grain in error messages.</param>
    /// <param name="cancellation">Ends the wait; the call may take effect nevertheless.</param>
    /// <exception cref="LoireException">The grain was not reached, or did not answer in time.</exception>
    public static async ValueTask<T> AnswerAsync<T>(Func<ValueTask<T>> call, string what, CancellationToken cancellation)
    {
        try
        {
            var task = call().AsTask();
            await BackgroundWork.WaitAsync(task, Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
            return await task;
        }
        catch (Exception exception) when (CodeOf(exception, cancellation) is { } code)
        {
            throw new LoireException(code, $"{what} cannot be reached: {exception.Message}", exception);
        }
    }

    /// <summary>
    /// The error of a failed call. Null for a bug, and for the end of a wait that its caller cancelled; Orleans also cancels calls by itself, when it
    /// closes the connection to their gateway.
    /// </summary>
    /// <param name="exception">What the call, or the wait for it, threw.</param>
    /// <param name="cancellation">The caller's own.</param>
    public static ErrorCode? CodeOf(Exception exception, CancellationToken cancellation) => exception is not OperationCanceledException
        ? GrainCallErrors.Of(exception)
        : cancellation.IsCancellationRequested ? null : ErrorCode.LeaderNotAvailable;

    /// <summary>Returns the topic that an answer describes.</summary>
    /// <exception cref="LoireException">The answer is an error.</exception>
    public static TopicDescription Topic(TopicResult result, string name) => result.Error switch
    {
        ErrorCode.None => result.Topic!,
        ErrorCode.UnknownTopicOrPartition when result.Detail is null => throw new LoireException(result.Error, $"The topic '{name}' does not exist."),
        _ => throw new LoireException(result.Error, result.Detail),
    };
}
