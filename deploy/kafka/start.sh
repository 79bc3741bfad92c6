#!/usr/bin/env bash
# Entry point of the broker's container: the storage is formatted once, with the administrator in it.
set -euo pipefail
settings=/opt/torg/server.properties
if [ ! -f /var/lib/kafka/data/meta.properties ]; then
  /opt/kafka/bin/kafka-storage.sh format --cluster-id="$(/opt/kafka/bin/kafka-storage.sh random-uuid)" \
    --config "$settings" --add-scram "SCRAM-SHA-512=[name=admin,password=$TORG_KAFKA_ADMIN_PASSWORD]"
fi
exec /opt/kafka/bin/kafka-server-start.sh "$settings"
