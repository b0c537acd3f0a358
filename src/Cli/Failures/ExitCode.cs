namespace Loire.Cli.Failures;

/// <summary>What the process says when it ends; scripts rely on the numbers.</summary>
internal enum ExitCode
{
    Ok = 0,
    Error = 1,

    /// <summary>The command line itself is wrong; nothing was tried.</summary>
    Usage = 2,

    NotFound = 3,
    Timeout = 4,
}
