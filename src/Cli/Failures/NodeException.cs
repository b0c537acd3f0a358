using System.Text.Json.Nodes;
using Loire.Model;

namespace Loire.Cli.Failures;

/// <summary>A request that a node refused or did not answer.</summary>
internal sealed class NodeException(ErrorCode error, string detail, ExitCode exit, bool isRetriable, string? hint = null)
    : CliException(exit, ErrorCodes.Describe(error).Name, detail, hint)
{
    public ErrorCode Error => error;

    /// <summary>Whether a later attempt may succeed: the node restarts, or the partition moves.</summary>
    public bool IsRetriable => isRetriable;

    /// <summary>Whether no connection could be established, so that nothing was sent.</summary>
    public bool IsUnreachable { get; private init; }

    /// <summary>Whether the request was sent, and no complete answer came.</summary>
    public bool IsUnanswered { get; private init; }

    /// <summary>Whether the request may have had its effect.</summary>
    public bool OutcomeIsUnknown =>
        error is ErrorCode.NetworkException or ErrorCode.RequestTimedOut or ErrorCode.NotEnoughReplicasAfterAppend;

    /// <summary>Creates the exception from the node's problem document, or from the bare status if there is none.</summary>
    public static NodeException FromAnswer(int status, JsonObject? problem)
    {
        if (problem?["error_code"] is not JsonValue number || !number.TryGetValue(out short code))
        {
            var unknown = status == 404 ? ErrorCode.ResourceNotFound : ErrorCode.UnknownServerError;
            return new NodeException(
                unknown,
                $"The server answered with HTTP status {status} and no problem document.",
                status == 404 ? ExitCode.NotFound : ExitCode.Error,
                isRetriable: status is 502 or 503 or 504,
                "something other than a node may listen there; see 'loire context list'.");
        }

        var error = (ErrorCode)code;
        var detail = problem["detail"] is JsonValue text && text.TryGetValue(out string? said) ? said : ErrorCodes.Describe(error).Text;
        return new NodeException(error, detail, ExitOf(error, status), status is 502 or 503 or 504, Hints.For(error));
    }

    /// <summary>No connection could be established, so nothing was sent.</summary>
    public static NodeException Unreachable(Uri server, string reason) => new(
        ErrorCode.BrokerNotAvailable,
        $"No connection to {server.GetLeftPart(UriPartial.Authority)}: {reason}.",
        ExitCode.Error,
        isRetriable: true,
        "is the node running there? --server, LOIRE_SERVER or a context choose others.")
    {
        IsUnreachable = true,
    };

    /// <summary>The connection broke; the request may have had its effect.</summary>
    public static NodeException Broken(string reason) => new(
        ErrorCode.NetworkException, $"The connection broke before the answer was complete: {reason}.", ExitCode.Error, isRetriable: true)
    {
        IsUnanswered = true,
    };

    public static NodeException TimedOut(TimeSpan timeout) => new(
        ErrorCode.RequestTimedOut,
        $"No answer within {timeout.TotalSeconds:0.###} s.",
        ExitCode.Timeout,
        isRetriable: true,
        "--timeout allows more time; the request may still have had its effect.")
    {
        IsUnanswered = true,
    };

    private static ExitCode ExitOf(ErrorCode error, int status) =>
        error == ErrorCode.RequestTimedOut || status is 408 or 504 ? ExitCode.Timeout
        : status == 404 ? ExitCode.NotFound
        : ExitCode.Error;
}
