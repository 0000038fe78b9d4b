using SyncCluster.Execution.Local;

namespace SyncCluster.Grains.Tests.Execution.Local;

/// <summary>The order of the entries of several customers.</summary>
public sealed class FairQueueTests
{
    private readonly FairQueue<string> _queue = new();

    [Fact]
    public void The_entries_of_one_customer_keep_their_order()
    {
        Enqueue("acme 1", "acme 2", "acme 3");
        Assert.Equal(["acme 1", "acme 2", "acme 3"], Next(3));
    }

    [Fact]
    public void A_customer_with_nothing_running_comes_first()
    {
        Enqueue("acme 1", "acme 2", "acme 3");
        Next(1);
        Enqueue("globex 1");
        Assert.Equal(["globex 1", "acme 2"], Next(2));
    }

    [Fact]
    public void Among_equals_the_entry_that_has_waited_longest_is_next()
    {
        Enqueue("acme 1", "globex 1", "acme 2", "initech 1");
        Assert.Equal(["acme 1", "globex 1", "initech 1", "acme 2"], Next(4));
        Enqueue("globex 2", "initech 2");
        Assert.Equal(["globex 2", "initech 2"], Next(2));
    }

    [Fact]
    public void Customers_that_flood_the_queue_get_the_same_number_of_workers()
    {
        Enqueue([.. Enumerable.Range(0, 100).Select(entry => $"acme {entry}")]);
        Enqueue([.. Enumerable.Range(0, 100).Select(entry => $"globex {entry}")]);
        Enqueue([.. Enumerable.Range(0, 100).Select(entry => $"initech {entry}")]);
        Assert.All(Next(6).GroupBy(Customer), customer => Assert.Equal(2, customer.Count()));
        _queue.Ended("globex");
        Assert.Equal("globex", Customer(Assert.Single(Next(1))));
    }

    [Fact]
    public void An_end_counts_for_its_customer()
    {
        Enqueue("acme 1", "acme 2", "globex 1");
        Assert.Equal(["acme 1", "globex 1"], Next(2));
        Enqueue("globex 2");
        _queue.Ended("globex");
        Assert.Equal(["globex 2"], Next(1));
    }

    [Fact]
    public void A_customer_without_entries_is_forgotten()
    {
        Enqueue("acme 1");
        Next(1);
        _queue.Ended("acme");
        Assert.Throws<KeyNotFoundException>(() => _queue.Ended("acme"));
        Enqueue("acme 2");
        Assert.Equal(["acme 2"], Next(1));
        Assert.False(_queue.TryDequeue(out _));
    }

    /// <summary>
    /// Sixteen workers and scripts of 50 to 150 ms, simulated. One customer calls ten times a second. The other one always has thousands of entries.
    /// </summary>
    [Fact]
    public void A_flood_of_one_customer_does_not_delay_another()
    {
        var alone = Percentile99(flood: 0);
        var beside = Percentile99(flood: 5000);
        Assert.InRange(beside, alone, alone * 1.5);
    }

    private static double Percentile99(int flood)
    {
        const int workers = 16;
        var random = new Random(1);
        var queue = new FairQueue<(string Customer, double At)>();
        for (var entry = 0; entry < flood; entry++)
        {
            queue.Enqueue("flood", ("flood", 0));
        }

        var runs = new PriorityQueue<(string Customer, double At), double>();
        var times = new List<double>();
        for (var (now, calls) = (0.0, 0.0); times.Count < 1000;)
        {
            while (runs.Count < workers && queue.TryDequeue(out var next))
            {
                runs.Enqueue(next, now + 50 + (100 * random.NextDouble()));
            }

            if (runs.TryPeek(out var ended, out var end) && end <= calls)
            {
                runs.Dequeue();
                now = end;
                queue.Ended(ended.Customer);
                if (ended.Customer == "flood")
                {
                    queue.Enqueue("flood", ("flood", now));
                }
                else
                {
                    times.Add(now - ended.At);
                }
            }
            else
            {
                now = calls;
                queue.Enqueue("calm", ("calm", now));
                calls += 100 + random.NextDouble();
            }
        }

        times.Sort();
        return times[(int)(times.Count * 0.99)];
    }

    private static string Customer(string entry) => entry.Split(' ')[0];

    private void Enqueue(params string[] entries)
    {
        foreach (var entry in entries)
        {
            _queue.Enqueue(Customer(entry), entry);
        }
    }

    private string[] Next(int count) => [.. Enumerable.Range(0, count).Select(_ => _queue.TryDequeue(out var next) ? next : "nothing")];
}
