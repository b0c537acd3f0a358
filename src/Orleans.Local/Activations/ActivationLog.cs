using Microsoft.Extensions.Logging;
using Orleans.Calls;

namespace Orleans.Activations;

internal static partial class ActivationLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "{Activation} failed to activate.")]
    public static partial void ActivationFailed(this ILogger log, Exception error, Activation activation);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Activation} failed while it was deactivated.")]
    public static partial void DeactivationFailed(this ILogger log, Exception error, Activation activation);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Request} failed on {Activation}, and nobody waits for its answer.")]
    public static partial void UnreportedFailure(this ILogger log, Exception error, Request request, Activation activation);
}
