namespace Loire.Silo;

/// <summary>
/// Keeps out of a host's log what the frameworks under a node log about themselves: a node that runs well writes a handful of lines. The
/// rules come before those of the host, so that a host that configures one of these categories has its way.
/// </summary>
internal static class FrameworkLogging
{
    private static readonly LoggerFilterRule[] Rules =
    [
        // Below a warning, Orleans describes its own start, stop and housekeeping.
        Rule("Orleans", LogLevel.Warning),

        // Orleans places grains through Polly, which logs each placement twice at Information.
        Rule("Polly", LogLevel.Warning),

        // Orleans 10.4 starts the watchdog's first thread before it notes when the second one was last seen. If that thread is quick, it
        // warns that the second has been stuck since the machine booted. Real stalls are logged by Orleans' LocalSiloHealthMonitor as well.
        Rule("Orleans.Runtime.Watchdog", LogLevel.Error),
    ];

    /// <summary>Adds the rules in front of those of the host.</summary>
    public static IServiceCollection QuietFrameworks(this IServiceCollection services) =>
        services.PostConfigure<LoggerFilterOptions>(filters =>
        {
            foreach (var rule in Rules)
            {
                filters.Rules.Insert(0, rule);
            }
        });

    private static LoggerFilterRule Rule(string category, LogLevel level) => new(null, category, level, null);
}
