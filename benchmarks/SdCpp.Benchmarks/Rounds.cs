using System.Diagnostics;

namespace SdCpp.Benchmarks;

/// <summary>
/// Alternatives measured by turns, in another order each round: whatever else the machine does meets all of them alike.
/// </summary>
internal sealed class Rounds(string title)
{
    private readonly List<(string Name, Func<Task> Prepare, Func<Task> Run, List<double> Times, List<double> Cpu)> _alternatives = [];

    public Rounds Add(string name, Func<Task> run) => Add(name, static () => Task.CompletedTask, run);

    /// <param name="name">Names its line.</param>
    /// <param name="prepare">Runs before each measurement, not measured.</param>
    /// <param name="run">What is measured.</param>
    public Rounds Add(string name, Func<Task> prepare, Func<Task> run)
    {
        _alternatives.Add((name, prepare, run, [], []));
        return this;
    }

    /// <summary>One round to warm up, then the rounds that count; writes a table with the first alternative as 1.</summary>
    public async Task RunAsync(int rounds)
    {
        for (int round = -1; round < rounds; round++)
        {
            for (int turn = 0; turn < _alternatives.Count; turn++)
            {
                var (_, prepare, run, times, cpu) = _alternatives[(round + 1 + turn) % _alternatives.Count];
                await prepare();
                TimeSpan cpuBefore = Environment.CpuUsage.TotalTime;
                long began = Stopwatch.GetTimestamp();
                await run();
                if (round < 0)
                    continue;
                times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                cpu.Add((Environment.CpuUsage.TotalTime - cpuBefore).TotalMilliseconds);
            }
        }

        Say($"\n| {title}, {rounds} rounds by turns | median ms | quartiles ms | ratio | median difference ms | CPU ms of this process |\n|---|---|---|---|---|---|");
        List<double> first = _alternatives[0].Times;
        foreach (var (name, _, _, times, cpu) in _alternatives)
        {
            double difference = Median(times.Zip(first, (mine, firsts) => mine - firsts));
            Say($"| {name} | {Median(times):F2} | {At(times, .25):F2} to {At(times, .75):F2} | {Median(times) / Median(first):F3} | {difference:+0.000;-0.000;0} | {Median(cpu):F3} |");
        }
    }

    public static double Median(IEnumerable<double> values) => At(values, .5);

    public static double At(IEnumerable<double> values, double share)
    {
        List<double> sorted = [.. values.Order()];
        return sorted[(int)(share * (sorted.Count - 1))];
    }

    public static void Say(FormattableString text) => Console.WriteLine(FormattableString.Invariant(text));
}
