#pragma once
/*
 * health.h - via.Health, as the rest of a server knows it
 */
struct via_dispatch;
struct via_health;

struct via_health *via_health_free(struct via_health *health);
void via_health_drain(struct via_health *health, const struct via_dispatch *dispatch);
