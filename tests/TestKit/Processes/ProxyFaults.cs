namespace Loire.TestKit.Processes;

/// <summary>What an <see cref="HttpFaultProxy"/> does to the requests that reach it and to their answers; nothing by default.</summary>
public sealed record ProxyFaults
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

    /// <summary>Requests are not passed on, and are answered so.</summary>
    public ServiceError? Instead { get; init; }

    /// <summary>The connection to the server is closed after half of the request's body, and that of the client as well.</summary>
    public bool CutsRequests { get; init; }

    /// <summary>How long an answer is held back after the request was carried out; infinite for as long as these faults last.</summary>
    public TimeSpan AnswerDelay { get; init; }

    /// <summary>Requests are carried out, and their connections are closed instead of an answer.</summary>
    public bool LosesAnswers { get; init; }

    /// <summary>Requests are carried out, and are answered so.</summary>
    public ServiceError? InsteadOfAnswer { get; init; }

    /// <summary>The connection is closed after half of the answer's body.</summary>
    public bool CutsAnswers { get; init; }

    /// <summary>What becomes of the answer's body.</summary>
    public Func<byte[], byte[]>? ChangesAnswer { get; init; }

    /// <summary>A read is answered as it was before its object last changed, as far as the proxy has seen that.</summary>
    public bool AnswersOld { get; init; }
}

/// <summary>An error that Azure's services of storage answer with.</summary>
/// <param name="Status">The status.</param>
/// <param name="Code">The error code, of their own.</param>
public sealed record ServiceError(int Status, string Code);

/// <summary>A request that an <see cref="HttpFaultProxy"/> is about to pass on.</summary>
/// <param name="Method">The method.</param>
/// <param name="Target">The path and the query, unescaped.</param>
/// <param name="Creates">Whether it is carried out only if there is nothing at the path.</param>
public sealed record ProxiedRequest(string Method, string Target, bool Creates);
