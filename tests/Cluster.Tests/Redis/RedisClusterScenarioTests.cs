using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Cluster.Tests.Scenarios;

namespace SyncCluster.Cluster.Tests.Redis;

/// <summary><see cref="SiloDeathTests"/> over a Redis Cluster.</summary>
[Collection(SharedRedisCluster.Name)]
public sealed class RedisClusterSiloDeathTests(ShardedCluster cluster, ITestOutputHelper output) : SiloDeathTests(cluster, output);

/// <summary><see cref="GatewayTests"/> over a Redis Cluster.</summary>
[Collection(SharedRedisCluster.Name)]
public sealed class RedisClusterGatewayTests(ShardedCluster cluster, ITestOutputHelper output) : GatewayTests(cluster, output);

/// <summary><see cref="RestartTests"/> over a Redis Cluster.</summary>
[Collection(SharedRedisCluster.Name)]
public sealed class RedisClusterRestartTests(ShardedCluster cluster, ITestOutputHelper output) : RestartTests(cluster, output);
