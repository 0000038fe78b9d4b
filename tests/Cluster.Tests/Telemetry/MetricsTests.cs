using System.Text.RegularExpressions;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness;

namespace SyncCluster.Cluster.Tests.Telemetry;

/// <summary>What a gateway and a silo have told a Prometheus of a load of every kind, against what that load implies.</summary>
public sealed partial class MetricsTests(MeasuredCluster cluster) : IClassFixture<MeasuredCluster>
{
    private PrometheusText Gateway => cluster.After.Gateway;

    private PrometheusText Silo => cluster.After.Silo;

    [ClusterFact]
    public void While_calls_wait_the_gateway_shows_them_and_the_silo_its_jobs()
    {
        var (gateway, silo) = cluster.Busy;
        Assert.Equal((3, 3), (gateway.Sum("synccluster_waiters"), gateway.Sum("synccluster_waiters", "customer=\"demo\"")));
        Assert.Equal(
            (2, 1, 3, 2),
            (silo.Sum("synccluster_scripts_running"), silo.Sum("synccluster_queue_length"), silo.Sum("synccluster_jobs_held"), silo.Sum("synccluster_scripts_capacity")));

        // With the scraper's.
        Assert.Equal(4, gateway.Sum("synccluster_connections"));
        Assert.InRange(gateway.Sum("synccluster_connections_limit"), 4, gateway.Sum("synccluster_files_limit"));
        Assert.Equal((0, 0, 0), (Gateway.Sum("synccluster_waiters"), Silo.Sum("synccluster_scripts_running"), Silo.Sum("synccluster_queue_length")));
    }

    [ClusterFact]
    public void Each_wait_has_ended_once_with_its_outcome_and_was_as_long_as_it_was()
    {
        var outcomes = cluster.Statuses.ToLookup(status => status);
        var answered = outcomes[200].Count() + outcomes[500].Count();
        Assert.Equal(answered, Gateway.Sum("synccluster_waits_ended_total", "outcome=\"answered\""));
        Assert.Equal(1, Gateway.Sum("synccluster_waits_ended_total", "outcome=\"timed_out\""));
        Assert.Equal(1, Gateway.Sum("synccluster_waits_ended_total", "outcome=\"disconnected\""));

        // The job that there is not, and those without a storage, or with a full one.
        Assert.Equal(
            1 + outcomes[503].Count() - cluster.UnknownOutcomes, Gateway.Sum("synccluster_waits_ended_total", "outcome=\"refused\""));
        Assert.Equal(cluster.UnknownOutcomes, Gateway.Sum("synccluster_waits_ended_total", "outcome=\"unknown\""));
        var all = cluster.Statuses.Count + 2;
        Assert.Equal((all, all), (Gateway.Sum("synccluster_waits_ended_total"), Gateway.Sum("synccluster_wait_duration_seconds_count")));
        Assert.InRange(
            Gateway.Sum("synccluster_wait_duration_seconds_sum"), 3 * cluster.Held.TotalSeconds, cluster.Statuses.Count * cluster.Elapsed.TotalSeconds);
    }

    [ClusterFact]
    public void Requests_are_counted_by_their_status_with_buckets_for_waits_of_minutes()
    {
        foreach (var calls in cluster.Statuses.GroupBy(status => status))
        {
            Assert.Equal(
                (calls.Key, calls.Count()),
                (calls.Key, Gateway.Sum(
                    "http_server_request_duration_seconds_count",
                    "http_route=\"/{customer}/task/{task}/job\"",
                    $"http_response_status_code=\"{calls.Key}\"")));
        }

        Assert.InRange(Gateway.Sum("http_server_request_duration_seconds_bucket", "le=\"600\""), cluster.Statuses.Count, double.MaxValue);
    }

    [ClusterFact]
    public void Each_job_is_counted_once_at_its_creation_and_once_at_its_end()
    {
        var dummies = cluster.Statuses.Count(status => status == 200) - (cluster.ScriptSuccesses - 3);
        var known = cluster.ScriptSuccesses + 2 + dummies;
        var ended = Silo.Sum("synccluster_jobs_ended_total");
        Assert.InRange(ended, known, known + cluster.UnknownOutcomes);
        Assert.InRange(Silo.Sum("synccluster_jobs_submitted_total"), ended, known + cluster.UnknownOutcomes);
        Assert.Equal(ended - 2, Silo.Sum("synccluster_jobs_ended_total", "state=\"success\"", "lifecycle=\"finished\""));
        Assert.Equal(2, Silo.Sum("synccluster_jobs_ended_total", "state=\"failure\"", "lifecycle=\"finished\""));
        Assert.Equal(ended, Silo.Sum("synccluster_job_duration_seconds_count"));
        Assert.InRange(Silo.Sum("synccluster_job_duration_seconds_sum"), 3 * cluster.Held.TotalSeconds, ended * cluster.Elapsed.TotalSeconds);

        // One has waited for a worker while the others were held.
        var scripts = cluster.ScriptSuccesses + 2;
        Assert.InRange(Silo.Sum("synccluster_job_queue_duration_seconds_count"), scripts, scripts + cluster.UnknownOutcomes);
        Assert.InRange(Silo.Sum("synccluster_job_queue_duration_seconds_sum"), cluster.Held.TotalSeconds, 4 * cluster.Elapsed.TotalSeconds);
    }

    [ClusterFact]
    public void Each_answer_that_was_waited_for_tells_how_long_it_was_on_its_way()
    {
        // All but the dummies', which were there at once, as is the answer to a call to the silo that was repeated after the job's end.
        var waitedFor = cluster.ScriptSuccesses - 3 + 2;
        Assert.InRange(Gateway.Sum("synccluster_completion_delivery_duration_seconds_count"), waitedFor - cluster.UnansweredCalls, waitedFor);
        Assert.InRange(Gateway.Sum("synccluster_completion_delivery_duration_seconds_sum"), 0, waitedFor * cluster.Elapsed.TotalSeconds);
    }

    [ClusterFact]
    public void Failures_of_the_storage_are_counted_by_operation_as_often_as_they_are_logged()
    {
        var writes = Silo.Sum("synccluster_storage_failures_total", "operation=\"write\"");
        var reads = Silo.Sum("synccluster_storage_failures_total", "operation=\"read\"");
        Assert.InRange(writes, 1, double.MaxValue);
        Assert.InRange(reads, 1, double.MaxValue);
        Assert.Equal(cluster.LoggedFailures.Storage, writes + reads);

        Assert.All((PrometheusText[])[cluster.Calm, Silo], AssertWritesAreCounted);
        var ended = Silo.Sum("synccluster_jobs_ended_total");
        Assert.InRange(Silo.Sum("synccluster_storage_duration_seconds_sum"), 0, (writes + ended) * cluster.Elapsed.TotalSeconds);
    }

    [ClusterFact]
    public void Refusals_of_a_full_storage_failed_pushes_and_renewed_subscriptions_are_counted()
    {
        Assert.InRange(cluster.StorageRefusals, 1, int.MaxValue);
        var refused = Silo.Sum("synccluster_quota_rejections_total", "limit=\"storage\"");

        // A call of which an earlier try may have stored the job is not told of the refusal.
        Assert.InRange(refused, cluster.StorageRefusals, cluster.StorageRefusals + cluster.UnansweredCalls + cluster.UnknownOutcomes);
        Assert.Equal(refused, Silo.Sum("synccluster_quota_rejections_total"));
        Assert.Equal(["1", "2", "3"], cluster.LostPushes);
        Assert.Equal(cluster.LoggedFailures.Push, Silo.Sum("synccluster_push_failures_total"));

        // The gateway asks each second for each job that it waits for.
        Assert.InRange(Gateway.Sum("synccluster_reattaches_total"), 1, 4 * cluster.Elapsed.TotalSeconds);
    }

    [ClusterTheory]
    [InlineData("alerts.yml")]
    [InlineData("synccluster.json")]
    [InlineData("silos.yaml")]
    public void Every_metric_that_alerts_dashboard_and_autoscaling_use_is_there(string file)
    {
        // This cluster asks no TheEye: its requests have a test of their own.
        var names = MetricName().Matches(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "operators", file)))
            .Select(match => match.Value).Where(name => name != "synccluster_theeye_requests_total").ToHashSet();
        Assert.NotEmpty(names);
        PrometheusText[] scraped = [Gateway, Silo, cluster.Busy.Gateway, cluster.Busy.Silo];
        Assert.Equal([], names.Where(name => !scraped.Any(server => server.Has(name))));
    }

    [ClusterFact]
    public void Both_tell_of_their_clock_certificate_and_files_and_neither_of_the_others_work()
    {
        foreach (var server in (PrometheusText[])[Gateway, Silo])
        {
            Assert.True(server.Has("synccluster_clock_skew_seconds"));
            Assert.InRange(server.Sum("synccluster_clock_skew_seconds"), -1, 1);
            Assert.InRange(server.Sum("synccluster_certificate_remaining_seconds"), 23 * 3600, 24 * 3600);
            Assert.InRange(server.Sum("synccluster_files_open"), server.Has("synccluster_files_open") ? 10 : 0, server.Sum("synccluster_files_limit"));
        }

        Assert.Equal(
            (1, 1),
            (Gateway.Sum("target_info", "service_name=\"synccluster-gateway\"", "synccluster_cluster=\"synccluster\""),
                Silo.Sum("target_info", "service_name=\"synccluster-silo\"", "synccluster_cluster=\"synccluster\"")));
        Assert.False(Gateway.Has("synccluster_jobs_submitted_total") || Gateway.Has("synccluster_storage_duration_seconds_count"));
        Assert.False(Silo.Has("synccluster_waits_ended_total") || Silo.Has("synccluster_waiters"));
        Assert.True(Silo.Has("orleans_catalog_activations"), "Orleans' own metrics are missing.");
    }

    /// <summary>A job is created, assigned and ended, a dummy's only created. A write that has failed may have been stored all the same.</summary>
    private void AssertWritesAreCounted(PrometheusText silo)
    {
        var steps = silo.Sum("synccluster_jobs_submitted_total") + (2 * silo.Sum("synccluster_job_queue_duration_seconds_count"));
        var failed = silo.Sum("synccluster_storage_failures_total", "operation=\"write\"");
        Assert.InRange(silo.Sum("synccluster_storage_duration_seconds_count", "operation=\"write\""), steps - failed, steps + cluster.TakenOver);
    }

    [GeneratedRegex(@"\b(synccluster|http_server|http_client|kestrel|orleans|dotnet|process)_[a-z0-9_]+")]
    private static partial Regex MetricName();
}
