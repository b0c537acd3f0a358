namespace Loire.Grains.Brokers;

/// <summary>A silo may not join as the broker that it wants to be; the message says why in one sentence.</summary>
public sealed class BrokerRefusedException(string message) : Exception(message);
