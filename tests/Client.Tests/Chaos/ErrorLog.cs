using Microsoft.Extensions.Logging;

namespace Loire.Client.Tests.Chaos;

/// <summary>Hands on the errors that the grains of a silo log: faults of storage and of silos are none.</summary>
internal sealed class ErrorLog(Action<string> take) : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) =>
        categoryName.StartsWith("Loire", StringComparison.Ordinal) ? this : Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            take($"{formatter(state, exception)} {exception}");
        }
    }

    public void Dispose()
    {
    }
}
