namespace SdStudio.Server.Telemetry;

/// <summary>Brings what the server logs into the <see cref="ILogStore"/>.</summary>
[ProviderAlias("Studio")]
internal sealed class LogStoreProvider(ILogStore store, TimeProvider time) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new StoreLogger(store, time, ModuleOf(categoryName));

    public void Dispose()
    {
        // The store belongs to the host.
    }

    // "SdStudio.Server.Workers.JobWorker" is jobWorker, as the document writes its modules.
    private static string ModuleOf(string category)
    {
        string name = category[(category.LastIndexOf('.') + 1)..];
        return char.ToLowerInvariant(name[0]) + name[1..];
    }

    private sealed class StoreLogger(ILogStore store, TimeProvider time, string module) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            string? job = null;
            bool engine = false;
            foreach (KeyValuePair<string, object?> value in state as IReadOnlyList<KeyValuePair<string, object?>> ?? [])
            {
                if (value.Key == "Job")
                    job = value.Value as string;
                engine |= value.Key == "Line";
            }

            string message = formatter(state, exception);
            store.Add(new LogLine(
                time.GetUtcNow().ToUnixTimeMilliseconds(), logLevel, engine ? "engine" : module, job,
                exception is null ? message : $"{message}\n{exception.GetType().Name}: {exception.Message}"));
        }
    }
}
