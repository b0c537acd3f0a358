namespace Loire.Silo;

/// <summary>
/// Suppresses the informational logs of the frameworks under a node, so that a healthy node writes only a few lines. The rules precede
/// those of the host, so a host that configures one of these categories overrides them.
/// </summary>
internal static class FrameworkLogging
{
    private static readonly LoggerFilterRule[] Rules =
    [
        // Below warning level, Orleans logs its own start, stop and housekeeping.
        Rule("Orleans", LogLevel.Warning),

        // Orleans places grains through Polly, which logs each placement twice at Information.
        Rule("Polly", LogLevel.Warning),

        // Orleans 10.4 starts the watchdog's first thread before it initializes the second thread's timestamp. If the first one is fast, it
        // warns that the second has been stuck since the machine booted. Orleans' LocalSiloHealthMonitor also logs real stalls.
        Rule("Orleans.Runtime.Watchdog", LogLevel.Error),

        // It logs each conditional write that another silo has won as an error. Logs, journals and the registry of brokers expect that, and
        // report themselves what keeps them from serving.
        Rule("Orleans.Storage.AzureBlobGrainStorage", LogLevel.Critical),
    ];

    /// <summary>Inserts the rules before those of the host.</summary>
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
