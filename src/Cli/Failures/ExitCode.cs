namespace Loire.Cli.Failures;

/// <summary>The exit codes of the process; scripts rely on the numbers.</summary>
internal enum ExitCode
{
    Ok = 0,
    Error = 1,

    /// <summary>The command line is invalid; nothing was tried.</summary>
    Usage = 2,

    NotFound = 3,
    Timeout = 4,
}
