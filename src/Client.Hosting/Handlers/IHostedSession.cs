namespace Loire.Client.Hosting;

/// <summary>What follows the end of a session.</summary>
internal enum SessionEnd
{
    /// <summary>Another session, after a pause.</summary>
    Restart,

    /// <summary>Nothing until the host restarts.</summary>
    Stop,

    /// <summary>The host stops.</summary>
    StopHost,
}

/// <summary>One run of a hosted handler.</summary>
internal interface IHostedSession
{
    /// <summary>What follows, once it has ended.</summary>
    SessionEnd End { get; }

    /// <summary>Reads until it is stopped, or until a failure that a new session may recover from.</summary>
    Task RunAsync(CancellationToken stop);
}
