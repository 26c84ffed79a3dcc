using System.Diagnostics.Metrics;

namespace SdStudio.Server.Queue;

/// <summary>How many jobs wait and run, and what is in memory, for whoever measures: looked up every few seconds, because a measurement cannot wait for the database.</summary>
internal sealed class QueueGauges : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    private readonly IJobQueries _queries;
    private readonly IJobDevices _devices;
    private readonly TimeProvider _time;
    private readonly Instrument[] _instruments;
    private long _pending;
    private long _processing;

    public QueueGauges(IMeterFactory meters, IJobQueries queries, IJobDevices devices, TimeProvider time)
    {
        (_queries, _devices, _time) = (queries, devices, time);
        Meter meter = meters.Create(JobTelemetry.Name);
        _instruments =
        [
            meter.CreateObservableGauge("sdstudio.queue.jobs", Jobs, "{job}", "Waiting and running jobs"),
            meter.CreateObservableGauge("sdstudio.model.loaded", Models, "{model}", "Models in memory"),
            meter.CreateObservableGauge("sdstudio.device.memory.usage", Memory, "By", "Memory that models use on a device"),
        ];
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, _time);
        do
        {
            // Nobody measures: nothing is asked.
            if (!Array.Exists(_instruments, instrument => instrument.Enabled))
                continue;
            try
            {
                IReadOnlyDictionary<string, long> counts = await _queries.StatsAsync(OwnerScope.All, stoppingToken).ConfigureAwait(false);
                Interlocked.Exchange(ref _pending, counts.GetValueOrDefault(JobStatus.Pending));
                Interlocked.Exchange(ref _processing, counts.GetValueOrDefault(JobStatus.Processing));
            }
            catch (StorageUnavailableException)
            {
                // The last figures stay; the log says it elsewhere.
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    private IEnumerable<Measurement<long>> Jobs() =>
    [
        new(Interlocked.Read(ref _pending), new KeyValuePair<string, object?>("status", JobStatus.Pending)),
        new(Interlocked.Read(ref _processing), new KeyValuePair<string, object?>("status", JobStatus.Processing)),
    ];

    private IEnumerable<Measurement<int>> Models() =>
        from device in _devices.States from model in device.Models select new Measurement<int>(1, new("device", device.Id), new("model", model));

    private IEnumerable<Measurement<long>> Memory() =>
        from device in _devices.States where device.Memory is not null select new Measurement<long>(device.Memory!.RamUsed + device.Memory.VramUsed, new KeyValuePair<string, object?>("device", device.Id));
}
