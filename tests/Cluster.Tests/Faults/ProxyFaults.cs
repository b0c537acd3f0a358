namespace Loire.Cluster.Tests.Faults;

/// <summary>What an <see cref="HttpFaultProxy"/> does to the requests that reach it and to their answers; nothing by default.</summary>
internal sealed record ProxyFaults
{
    /// <summary>No faults.</summary>
    public static readonly ProxyFaults None = new();

    /// <summary>Requests end without an answer, and none is carried out.</summary>
    public static readonly ProxyFaults CutOff = new() { LosesRequests = true, LosesAnswers = true };

    /// <summary>Requests are held back and lost in the end, as by a network that delivers nothing.</summary>
    public static readonly ProxyFaults Silent = CutOff with { RequestDelay = Timeout.InfiniteTimeSpan };

    /// <summary>How long a request is held back before it is passed on; infinite for as long as these faults last.</summary>
    public TimeSpan RequestDelay { get; init; }

    /// <summary>Requests are not passed on, and their connections are closed.</summary>
    public bool LosesRequests { get; init; }

    /// <summary>Requests are not passed on, and are answered with status 503.</summary>
    public bool Refuses { get; init; }

    /// <summary>How long an answer is held back after the request was carried out; infinite for as long as these faults last.</summary>
    public TimeSpan AnswerDelay { get; init; }

    /// <summary>Requests are carried out, and their connections are closed instead of an answer.</summary>
    public bool LosesAnswers { get; init; }
}
