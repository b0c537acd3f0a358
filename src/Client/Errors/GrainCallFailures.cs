using Loire.Grains.Interfaces.Topics;

namespace Loire.Client;

/// <summary>What goes wrong with a call to a grain, as an error of the client.</summary>
internal static class GrainCallFailures
{
    /// <summary>What an exception of a grain call means; null for what nobody expects, which is then thrown as it is.</summary>
    public static ErrorCode? CodeOf(Exception exception) => exception switch
    {
        TimeoutException => ErrorCode.RequestTimedOut,
        OrleansException => ErrorCode.LeaderNotAvailable,
        _ => null,
    };

    /// <summary>The answer of a call.</summary>
    /// <param name="call">Makes the call.</param>
    /// <param name="what">Whom it was made to, to name it in an error.</param>
    /// <param name="cancellation">Ends the wait; what was asked for may happen nevertheless.</param>
    /// <exception cref="LoireException">The grain was not reached, or did not answer in time.</exception>
    public static async ValueTask<T> AnswerAsync<T>(Func<ValueTask<T>> call, string what, CancellationToken cancellation)
    {
        try
        {
            var task = call().AsTask();
            await BackgroundWork.WaitAsync(task, Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
            return await task;
        }
        catch (Exception exception) when (CodeOf(exception) is { } code)
        {
            throw new LoireException(code, $"{what} cannot be reached: {exception.Message}", exception);
        }
    }

    /// <summary>The topic that an answer describes.</summary>
    /// <exception cref="LoireException">The answer is an error.</exception>
    public static TopicDescription Topic(TopicResult result, string name) => result.Error switch
    {
        ErrorCode.None => result.Topic!,
        ErrorCode.UnknownTopicOrPartition when result.Detail is null => throw new LoireException(result.Error, $"The topic '{name}' does not exist."),
        _ => throw new LoireException(result.Error, result.Detail),
    };
}
