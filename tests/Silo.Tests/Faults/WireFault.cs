using System.Text;
using System.Text.RegularExpressions;

namespace Loire.Silo.Tests.Faults;

/// <summary>The kinds of requests that a log makes of Azure's service of blobs.</summary>
internal enum CallSite
{
    CreateChunk,
    CreatePart,
    WriteHead,
    ReadHead,
    ReadChunk,
    ReadPart,
    Delete,
    List,
}

/// <summary>A way in which a request can end other than well.</summary>
/// <param name="Name">What happens.</param>
/// <param name="Sites">To which requests.</param>
/// <param name="Faults">What the proxy does.</param>
/// <param name="Times">How many requests in a row for the same blob: the SDK makes up to four.</param>
internal sealed partial record WireFault(string Name, CallSite[] Sites, ProxyFaults Faults, int Times = 1)
{
    private const int Persistently = 6;

    private static readonly CallSite[] _any = Enum.GetValues<CallSite>();
    private static readonly CallSite[] _creates = [CallSite.CreateChunk, CallSite.CreatePart];
    private static readonly CallSite[] _writes = [.. _creates, CallSite.WriteHead];
    private static readonly CallSite[] _reads = [CallSite.ReadHead, CallSite.ReadChunk, CallSite.ReadPart];
    private static readonly CallSite[] _changes = [.. _writes, CallSite.Delete];
    private static readonly TimeSpan _tooLong = TimeSpan.FromMilliseconds(1800);

    /// <summary>Every fault.</summary>
    public static IReadOnlyList<WireFault> All { get; } =
    [
        new("the answer is lost, and the SDK meets its own effect", _any, new() { LosesAnswers = true }),
        new("every answer is lost", _any, new() { LosesAnswers = true }, Persistently),
        new("the request is lost", _any, new() { LosesRequests = true }),
        new("every request is lost", _any, new() { LosesRequests = true }, Persistently),
        new("the request's body is cut", _writes, new() { CutsRequests = true }),
        new("every request's body is cut", _writes, new() { CutsRequests = true }, Persistently),
        new("409 without a cause", _creates, Instead(409, "BlobAlreadyExists")),
        new("412 without a cause", [CallSite.WriteHead, CallSite.Delete], Instead(412, "ConditionNotMet")),
        new("404 of a blob that is there", [CallSite.WriteHead, CallSite.Delete], Instead(404, "BlobNotFound")),
        new("404 of the container", _any, Instead(404, "ContainerNotFound")),
        new("403", _any, Instead(403, "AuthorizationFailure")),
        new("401", _any, Instead(401, "NoAuthenticationInformation")),
        new("429", _any, Instead(429, "TooManyRequests")),
        new("500 before the commit", _any, Instead(500, "InternalError")),
        new("500 before the commit, each time", _any, Instead(500, "InternalError"), Persistently),
        new("503 before the commit, each time", _any, Instead(503, "ServerBusy"), Persistently),
        new("500 after the commit, and the SDK meets its own effect", _changes, InsteadOfAnswer(500, "OperationTimedOut")),
        new("500 after the commit, each time", _changes, InsteadOfAnswer(500, "OperationTimedOut"), Persistently),
        new("403 after the commit", _changes, InsteadOfAnswer(403, "AuthorizationFailure")),
        new("the request is held back beyond the deadline", [CallSite.CreateChunk, CallSite.WriteHead], new() { RequestDelay = _tooLong }) { Occurrences = [2] },
        new("the answer is held back beyond the deadline", [CallSite.CreateChunk, CallSite.WriteHead], new() { AnswerDelay = _tooLong }) { Occurrences = [2] },
        new("the answer is cut", [.. _reads, CallSite.List], new() { CutsAnswers = true }),
        new("the answer is short", _reads, new() { ChangesAnswer = static body => body[..(body.Length / 2)] }),
        new("the answer is empty", _reads, new() { ChangesAnswer = static _ => [] }),
        new("the answer has a changed byte", _reads, new() { ChangesAnswer = static body => [.. body[..^5], (byte)(body[^5] ^ 0x10), .. body[^4..]] }),
        new("the answer is of the past", _reads, new() { AnswersOld = true }),
        new("the listing lacks the newest", [CallSite.List], new() { ChangesAnswer = static body => Listing(body, blobs => blobs[..^1]) }),
        new("the listing repeats all", [CallSite.List], new() { ChangesAnswer = static body => Listing(body, blobs => [.. blobs, .. blobs]) }),
    ];

    /// <summary>Which requests of each kind meet it, counted from 1.</summary>
    public int[] Occurrences { get; private init; } = [2, 5];

    /// <summary>Whether storage denies what it has: what was written since may be taken as absent, and left until the store is swept.</summary>
    public bool Denies => Faults.AnswersOld || Faults.Instead is { Status: 404 };

    /// <summary>The kind of a request; null for one that no log makes.</summary>
    public static CallSite? SiteOf(ProxiedRequest request) => (request.Method, request.Target) switch
    {
        ("GET", var target) when target.Contains("comp=list", StringComparison.Ordinal) => CallSite.List,
        (_, var target) when target.Contains("restype=container", StringComparison.Ordinal) => null,
        ("DELETE", _) => CallSite.Delete,
        ("PUT", var target) => target.Contains("/head.json", StringComparison.Ordinal) ? CallSite.WriteHead
            : target.Contains("/chunk/", StringComparison.Ordinal) ? CallSite.CreateChunk : CallSite.CreatePart,
        ("GET", var target) => target.Contains("/head.json", StringComparison.Ordinal) ? CallSite.ReadHead
            : target.Contains("/chunk/", StringComparison.Ordinal) ? CallSite.ReadChunk : CallSite.ReadPart,
        _ => null,
    };

    private static ProxyFaults Instead(int status, string code) => new() { Instead = new ServiceError(status, code) };

    private static ProxyFaults InsteadOfAnswer(int status, string code) => new() { InsteadOfAnswer = new ServiceError(status, code) };

    private static byte[] Listing(byte[] xml, Func<string[], string[]> change)
    {
        var text = Encoding.UTF8.GetString(xml);
        var blobs = Blob().Matches(text).Select(match => match.Value).ToArray();
        return blobs.Length == 0 ? xml : Encoding.UTF8.GetBytes(text.Replace(string.Concat(blobs), string.Concat(change(blobs)), StringComparison.Ordinal));
    }

    [GeneratedRegex("<Blob>.*?</Blob>", RegexOptions.Singleline)]
    private static partial Regex Blob();
}
