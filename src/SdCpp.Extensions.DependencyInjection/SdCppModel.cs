using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace SdCpp.Interop;

/// <summary>The model of this application: loaded when somebody first asks for it, once, and freed with the application's services.</summary>
public sealed partial class SdCppModel : IAsyncDisposable, IDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly SdCppOptions _options;
    private readonly ILogger<SdCppModel> _logger;
    private Task<DiffusionModel>? _model;

    internal SdCppModel(SdCppOptions options, ILogger<SdCppModel> logger)
    {
        _options = options;
        _logger = logger;
        // Said before anything loads a model, so that no other engine is chosen by accident.
        if (options.Engine is { } engine)
            SdEngine.Configure(engine);
    }

    /// <summary>Whether the model is in memory.</summary>
    public bool IsLoaded => Started?.IsCompletedSuccessfully == true;

    /// <summary>Why the last load failed; null when none has.</summary>
    public Exception? Failure => Started?.Exception?.InnerException;

    /// <summary>How the model is loaded.</summary>
    /// <exception cref="OptionsValidationException"><see cref="SdCppOptions.Model"/> is not set.</exception>
    public DiffusionModelOptions Options => _options.Model
        ?? throw new OptionsValidationException(nameof(SdCppOptions), typeof(SdCppOptions), [$"{nameof(SdCppOptions)}.{nameof(SdCppOptions.Model)} is not set: AddSdCpp(options => options.Model = new DiffusionModelOptions {{ … }})"]);

    private Task<DiffusionModel>? Started
    {
        get
        {
            lock (_lock)
                return _model;
        }
    }

    /// <summary>The model; the first call loads it, and so does the next one after a load that failed.</summary>
    /// <param name="cancellation">Ends this wait. The load goes on for those who still wait, and for later ones.</param>
    /// <exception cref="SdException">It cannot be loaded.</exception>
    /// <exception cref="ObjectDisposedException">The application's services are disposed.</exception>
    public Task<DiffusionModel> GetAsync(CancellationToken cancellation = default)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
            if (_model is null || _model.IsFaulted || _model.IsCanceled)
                _model = LoadAsync();
            return _model.WaitAsync(cancellation);
        }
    }

    /// <summary>Ends a load that runs, stops the call that runs, cancels those that wait, and frees the model.</summary>
    public async ValueTask DisposeAsync()
    {
        Task<DiffusionModel>? started;
        lock (_lock)
        {
            if (_stopping.IsCancellationRequested)
                return;
            started = _model;
            _stopping.Cancel();
        }

        if (started is not null)
            await started.ContinueWith(static _ => { }, TaskScheduler.Default).ConfigureAwait(false);
        if (started is { IsCompletedSuccessfully: true })
        {
            DiffusionModel model = await started.ConfigureAwait(false);
            model.CancelAll();
            await model.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc cref="DisposeAsync"/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private async Task<DiffusionModel> LoadAsync()
    {
        // Off the caller's thread: the engine itself may be loaded here first.
        await Task.Yield();
        SdCallbacks? callbacks = null;
        if (_options.LogEngine)
        {
            SdEngine.SetLogSink(Log);
            callbacks = new SdCallbacks { Log = Log };
        }

        DiffusionModel model = await DiffusionModel.LoadAsync(Options, callbacks, _stopping.Token).ConfigureAwait(false);
        LogLoaded(model.Family);
        return model;
    }

    private void Log(SdLogLine line) => LogLine(
        line.Level switch
        {
            SdLogLevel.Error => LogLevel.Error,
            SdLogLevel.Warning => LogLevel.Warning,
            // What the engine calls information is detail to an application.
            _ => LogLevel.Debug,
        },
        line.Text);

    [LoggerMessage(Message = "engine: {Line}")]
    private partial void LogLine(LogLevel level, string line);

    [LoggerMessage(Level = LogLevel.Information, Message = "The model is loaded: {Family}")]
    private partial void LogLoaded(string family);
}
