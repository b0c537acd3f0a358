using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Client;

/// <summary>
/// The way into a cluster: makes producers, consumers and the admin client over the grains. One instance serves a whole process. It owns
/// no connection: that is the business of Orleans' cluster client, or of the silo, whose grain factory it is given.
/// </summary>
public sealed class LoireClient
{
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly TopicDirectory _topics;

    /// <param name="grains">The grains of the cluster: an <see cref="IClusterClient"/>, or the grain factory of a silo.</param>
    /// <param name="time">The clock; the system's by default.</param>
    /// <param name="loggers">Where to log; nowhere by default.</param>
    public LoireClient(IGrainFactory grains, TimeProvider? time = null, ILoggerFactory? loggers = null)
    {
        ArgumentNullException.ThrowIfNull(grains);
        _time = time ?? TimeProvider.System;
        _loggers = loggers ?? NullLoggerFactory.Instance;
        _topics = new TopicDirectory(grains, _time);
        Admin = new AdminClient(grains);
    }

    /// <summary>Creates, describes, changes and deletes topics.</summary>
    public IAdminClient Admin { get; }
}
